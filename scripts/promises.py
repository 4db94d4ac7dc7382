"""What the project promises of its reliability, and the test that holds each promise."""

from typing import NamedTuple


class Promise(NamedTuple):
    """One row of docs/reliability.md.

    Attributes:
        said: what can be relied on, in a sentence.
        test: of tests/, as FILE::NAME; fails where the promise is broken.
        measured: a format string over the figures by name, or empty where a test alone says yes or no.
    """

    said: str
    test: str
    measured: str = ""


PROMISES: dict[str, tuple[Promise, ...]] = {
    "Whatever is uploaded": (
        Promise(
            "Each kind of file has the answer that is stated for it: read, read with a warning, or refused in words.",
            "test_inputs.py::test_input",
        ),
        Promise(
            "A picture of a hundred megapixels is refused by its header, in no time and no memory.",
            "test_images_refused.py::test_huge_headers_cost_neither_memory_nor_time",
        ),
        Promise(
            "No more is unpacked from a ZIP than was asked for, or than a radiograph can hold.",
            "test_archives.py::test_no_more_is_unpacked_than_is_asked_for_or_than_a_radiograph_can_hold",
        ),
        Promise("No message holds the path of a file.", "test_images_refused.py::test_no_message_holds_the_path"),
    ),
    "Many readers": (
        Promise(
            "Readers at once get, bit for bit, what one alone gets.",
            "test_load.py::test_users_at_once_get_what_one_alone_gets",
        ),
        Promise(
            "The measurement would notice a server that mixes readers up.",
            "test_load.py::test_a_server_that_mixes_readers_up_is_noticed",
        ),
        Promise("Memory stays flat, and a leak would be noticed.", "test_load.py::test_a_leak_is_noticed"),
        Promise(
            "Two readers do not see each other's images.",
            "test_browser.py::test_two_readers_do_not_see_each_others_images",
        ),
    ),
    "Faults": (
        Promise(
            "Missing weights are marked, and the other variants work.",
            "test_browser.py::test_missing_weights_are_marked_and_the_others_work",
        ),
        Promise(
            "A bad file in a batch gets its row, and stops nothing.",
            "test_batch.py::test_batch_endpoint_gives_the_records_and_a_bad_file_stops_nothing",
        ),
    ),
    "Security": (
        Promise(
            "Nobody can make the server fetch an address.",
            "test_privacy.py::test_an_address_in_place_of_a_file_is_refused_and_not_fetched",
        ),
        Promise(
            "A name that is markup is shown as text.",
            "test_browser.py::test_a_name_that_is_markup_is_shown_as_text",
        ),
        Promise(
            "Names that lead out of an archive are refused, and their neighbours are read.",
            "test_archives.py::test_names_that_lead_out_of_the_archive_are_refused_and_their_neighbours_read",
        ),
    ),
    "Privacy": (
        Promise(
            "No request leaves the machine, and nothing stays in the browser.",
            "test_privacy.py::test_nothing_leaves_the_page_and_nothing_stays_in_the_browser",
        ),
        Promise(
            "What a page that was left alone had shown is forgotten.",
            "test_left_alone.py::test_two_images_are_forgotten_too",
        ),
        Promise("Uploads are deleted regularly.", "test_uploads.py::test_they_are_deleted_regularly"),
        Promise(
            "They are deleted too where the process was killed, when the next one starts.",
            "test_uploads.py::test_it_is_gone_when_the_process_ends_and_when_one_was_killed",
        ),
    ),
    "What can be checked later": (
        Promise(
            "A receipt of a reading holds for its image, or what differs is named.",
            "test_receipts.py::test_whatever_was_changed_in_a_receipt_is_found",
        ),
        Promise(
            "A log line names nobody; a crash is told without what it says.",
            "test_observability.py::test_a_server_tells_of_its_work_and_names_nobody",
        ),
        Promise(
            "/health says what can be read, and why something cannot.",
            "test_observability.py::test_health_says_what_can_be_read_and_why_not",
        ),
    ),
}
