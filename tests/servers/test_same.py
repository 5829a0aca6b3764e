"""What holds under `collab serve` and does not depend on it: the same tests."""

from tests.transport.test_bounds import (  # noqa: F401
    test_a_message_in_few_pieces_is_taken,
    test_a_message_over_the_limit_closes_its_sender,
    test_an_editor_may_bring_more_in_its_first_sync_once,
    test_even_a_first_sync_has_a_limit,
)
from tests.transport.test_sockets import (  # noqa: F401
    test_a_deleted_document_closes_its_peers_and_stays_deleted,
    test_a_foreign_host_header_is_refused,
    test_a_text_frame_is_refused,
    test_an_id_is_decoded_once,
    test_our_own_pages_are_let_in,
    test_pages_of_other_sites_are_refused,
    test_presence_reaches_the_others_and_goes_with_the_connection,
    test_the_first_subprotocol_offered_is_taken,
    test_two_peers_and_a_late_joiner_see_the_same,
    test_what_is_no_id_is_refused,
)
