"""Servers that tests of several parts need, each started when the first test asks for it."""

from tests.support.redis import _redis_of_the_worker as _redis_of_the_worker
from tests.support.redis import new_redis as new_redis
from tests.support.redis import redis_server as redis_server
