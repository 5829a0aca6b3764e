"""Servers that tests of several parts need, each started when the first test asks for it."""

from tests.support.postgres_fixtures import new_postgres_url as new_postgres_url
from tests.support.postgres_fixtures import own_postgres as own_postgres
from tests.support.postgres_fixtures import postgres as postgres
from tests.support.postgres_fixtures import postgres_url as postgres_url
from tests.support.redis import _redis_of_the_worker as _redis_of_the_worker
from tests.support.redis import new_redis as new_redis
from tests.support.redis import redis_server as redis_server
