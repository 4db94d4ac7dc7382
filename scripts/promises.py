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
            "Every file of the abuse corpus gets its stated answer within 5 seconds of the processors and 500 MB, and "
            "the next good image reads as before.",
            "test_abuse.py::test_the_library",
            "{abuse[doors][library][cases]} files, {abuse[doors][library][wrong]} wrong; at most "
            "{abuse[doors][library][slowest_seconds]} s and {abuse[doors][library][greatest_growth_megabytes]} "
            "MB",
        ),
        Promise(
            "The command gives the same answers, two images at a time.",
            "test_abuse.py::test_the_command_answers_as_the_library_does",
            "{abuse[doors][command][cases]} files, {abuse[doors][command][wrong]} wrong; at most "
            "{abuse[doors][command][slowest_seconds]} s and {abuse[doors][command][greatest_growth_megabytes]} "
            "MB for both",
        ),
        Promise(
            "The API gives the same answers, one image at a time, within the same limits.",
            "test_abuse.py::test_the_endpoint_answers_as_the_library_does",
            "{abuse[doors][endpoint][cases]} files, {abuse[doors][endpoint][wrong]} wrong; at most "
            "{abuse[doors][endpoint][slowest_seconds]} s and "
            "{abuse[doors][endpoint][greatest_growth_megabytes]} MB",
        ),
        Promise(
            "Bombs in ZIP archives do not go off, and their neighbours are read.",
            "test_abuse.py::test_archives",
            "{abuse[doors][archives][cases]} archives, {abuse[doors][archives][wrong]} wrong; at most "
            "{abuse[doors][archives][slowest_seconds]} s and "
            "{abuse[doors][archives][greatest_growth_megabytes]} MB",
        ),
        Promise(
            "The page shows the sentence, then reads the next good image as before.",
            "test_abuse.py::test_the_page",
        ),
        Promise(
            "No small file that is built to be expensive takes more than these limits.",
            "test_abuse.py::test_no_bomb_goes_off",
        ),
        Promise(
            "The corpus would notice a wrong answer.",
            "test_abuse.py::test_a_complaint_is_made_of_every_wrong_answer",
        ),
        Promise(
            "Any bytes give a sound radiograph, or one sentence.",
            "test_images_refused.py::test_random_bytes",
            "fuzzing: {fuzz[targets][decoder][executions]:,} files from {fuzz[targets][decoder][seeds]} seeds, "
            "{found[decoder]} findings",
        ),
        Promise(
            "Any archive is listed and read, or refused in a sentence.",
            "test_fuzzing.py::test_it_begins_with_files_of_every_kind_that_are_answered_as_they_should_be",
            "fuzzing: {fuzz[targets][archive][executions]:,} archives, {found[archive]} findings",
        ),
        Promise(
            "Whatever a DICOM header says of rescale and window, grey values stay between black and white.",
            "test_decoder_properties.py::test_whatever_rescale_and_window_say_grey_values_stay_between_black_and_white",
        ),
        Promise(
            "Every lossless syntax of DICOM gives the same pixels.",
            "test_decoder_properties.py::test_every_lossless_syntax_equals_raw",
        ),
        Promise(
            "A damaged frame that ends its decoder does not end the program.",
            "test_dicom_files.py::test_a_frame_that_ends_gdcm_does_not_end_this_process",
        ),
        Promise(
            "A picture of a hundred megapixels is refused by its header, in no time and no memory.",
            "test_images_refused.py::test_huge_headers_cost_neither_memory_nor_time",
        ),
        Promise(
            "A picture whose EXIF data are damaged is read without them.",
            "test_images.py::test_a_picture_with_damaged_exif_data_is_read_without_them",
        ),
        Promise(
            "No endpoint chooses a variant or an operating point for a program that sent none.",
            "test_demo.py::test_what_was_not_chosen_is_asked_for",
        ),
    ),
    "Figures": (
        Promise(
            "AUROC is the share of pairs in order, and half of the ties.",
            "test_metrics_properties.py::test_auroc_is_the_share_of_pairs_in_order_with_half_of_the_ties",
        ),
        Promise(
            "Every interval holds its value and lies between 0 and 1.",
            "test_metrics_properties.py::test_all_figures_of_a_set_hold_together",
        ),
        Promise(
            "Thresholds are in order, and the uncertain zones around them symmetric in logits.",
            "test_metrics_properties.py::test_thresholds_fixed_by_rule_are_in_order_and_their_zones_symmetric_in_logits",
        ),
        Promise(
            "A comparison of two variants says the same from either side.",
            "test_metrics_properties.py::test_a_comparison_says_the_same_from_either_side",
        ),
        Promise(
            "A calibration to a site never turns the order of images round.",
            "test_metrics_properties.py::test_a_fit_to_a_site_keeps_the_order_and_is_turned_round_with_the_classes",
        ),
        Promise(
            "A probability carried to another prevalence and back is the same.",
            "test_metrics_properties.py::test_a_probability_carried_to_another_prevalence_and_back_is_the_same",
        ),
        Promise(
            "Whatever in a data folder is not used is named with its count, and one image in both classes is refused; "
            "audit and training agree on both.",
            "test_audit.py::test_audit_and_training_agree",
        ),
        Promise(
            "A card says that patients are unknown where they are.",
            "test_training.py::test_the_card_says_how_patients_were_known",
        ),
        Promise(
            "What a walk through a folder is told to leave out, as what a command writes, it leaves out by any name.",
            "test_folders.py::test_what_is_written_is_left_out_whatever_it_is_called",
        ),
    ),
    "Many readers": (
        Promise(
            "Readers at once get, bit for bit, what one alone gets.",
            "test_load.py::test_users_at_once_get_what_one_alone_gets",
            "1 at once: {users[of_1][right]:,} readings, {users[of_1][wrong]} wrong, {users[of_1][failed]} "
            "failed; 95 of 100 within {users[of_1][p95]:.2f} s; 5 at once: {users[of_5][right]:,} readings, "
            "{users[of_5][wrong]} wrong, {users[of_5][failed]} failed; 95 of 100 within {users[of_5][p95]:.2f} "
            "s; 10 at once: {users[of_10][right]:,} readings, {users[of_10][wrong]} wrong, "
            "{users[of_10][failed]} failed; 95 of 100 within {users[of_10][p95]:.2f} s; 20 at once: "
            "{users[of_20][right]:,} readings, {users[of_20][wrong]} wrong, {users[of_20][failed]} failed; 95 "
            "of 100 within {users[of_20][p95]:.2f} s",
        ),
        Promise(
            "The measurement would notice a server that mixes readers up.",
            "test_load.py::test_a_server_that_mixes_readers_up_is_noticed",
        ),
        Promise(
            "A process that is forked off one that reads gives the same, whatever that one was doing.",
            "test_forks.py::test_it_reads_though_all_was_in_use_when_it_was_forked",
        ),
        Promise(
            "Memory stays flat over many readings: a leak of memory fails the load test.",
            "test_load.py::test_a_leak_is_noticed",
            "{load[memory][growth]:.0f} MB more after {readings:,} readings (limit {growth_limit:.0f}); late "
            "on {load[memory][slope]:.0f} MB in a thousand (limit {slope_limit:.0f})",
        ),
        Promise(
            "Past the end of the queue a reader is told that the page is busy, once, and may try again.",
            "test_queue.py::test_past_the_end_of_the_queue_a_reader_is_told",
        ),
        Promise(
            "A variant that is loaded waits for no other.",
            "test_demo.py::test_a_variant_that_is_loaded_waits_for_no_other",
        ),
        Promise(
            "Two readers do not see each other's images.",
            "test_browser.py::test_two_readers_do_not_see_each_others_images",
        ),
        Promise(
            "Nobody gets or ends what another reader does.",
            "test_attacks.py::test_nobody_gets_or_ends_what_another_reader_does",
        ),
    ),
    "Faults": (
        Promise(
            "Missing weights are marked, and the other variants work.",
            "test_browser.py::test_missing_weights_are_marked_and_the_others_work",
        ),
        Promise(
            "Harm to any file of any weights folder (missing, empty, cut off, a bit flipped, a Git LFS pointer)"
            " is named in a sentence.",
            "test_faults_weights.py::test_harm_to_any_file_of_any_folder_is_told",
        ),
        Promise(
            "No changed byte of a config is read unnoticed.",
            "test_faults_weights.py::test_no_byte_of_a_config_can_change_what_is_read_unnoticed",
        ),
        Promise(
            "A weights folder is the old one or the new one wherever its writer is killed.",
            "test_faults_killed_writing.py::test_a_weights_folder_is_the_old_one_or_the_new_one_at_every_step",
        ),
        Promise(
            "A training that is killed three times, and out of disk twice, ends as one left in peace, to the last bit.",
            "test_faults_training.py::test_after_all_that_can_befall_it_a_training_ends_the_same_to_the_last_bit",
        ),
        Promise(
            "An adaptation on a full disk goes on from its last epoch.",
            "test_faults_training.py::test_adaptation_that_meets_a_full_disk_goes_on_from_its_last_epoch",
        ),
        Promise(
            "A command that is killed leaves no table that looks whole.",
            "test_faults_killed_writing.py::test_a_command_that_is_killed_leaves_no_table_that_looks_whole",
        ),
        Promise(
            "Parts of an archive survive a kill at any step.",
            "test_faults_killed_writing.py::test_what_an_archive_has_in_parts_survives_every_step",
        ),
        Promise(
            "A full disk in a batch is one line, and nothing half written looks whole.",
            "test_faults_disk_full.py::test_a_table_that_did_not_fit_has_another_name",
        ),
        Promise(
            "The page says that the disk is full, and reads on when it is not.",
            "test_faults_disk_full.py::test_the_page_says_that_the_disk_is_full_and_goes_on_when_it_is_not",
        ),
        Promise(
            "No half download is handed out.",
            "test_faults_disk_full.py::test_no_half_download_is_handed_out_or_left",
        ),
        Promise(
            "A bad file in a batch gets its row, and stops nothing.",
            "test_batch.py::test_batch_endpoint_gives_the_records_and_a_bad_file_stops_nothing",
        ),
        Promise(
            "A closed browser ends its batch, and the next reader is served.",
            "test_faults_browser_closed.py::test_a_batch_that_nobody_waits_for_ends_and_the_next_is_served",
        ),
        Promise(
            "Neither a job that was left nor an upload that broke off leaves a file.",
            "test_faults_browser_closed.py::test_neither_a_job_that_was_left_nor_an_upload_that_broke_off_leaves_a_file",
        ),
        Promise(
            "Reading connects to nothing and sends nothing.",
            "test_faults_no_network.py::test_reading_connects_to_nothing_and_sends_nothing",
        ),
        Promise(
            "A backbone that cannot be fetched is told in a sentence.",
            "test_faults_no_network.py::test_a_training_that_would_fetch_a_backbone_says_so",
        ),
        Promise(
            "A clock in the past breaks no export, report or receipt.",
            "test_faults_clock.py::test_reports_and_receipts_are_made_at_any_time",
        ),
        Promise(
            "A clock that was set back keeps no upload for long.",
            "test_faults_clock.py::test_uploads_are_deleted_in_time_though_the_clock_was_set_back",
        ),
        Promise(
            "A calibration from a clock that is behind is refused, not passed over.",
            "test_faults_clock.py::test_a_calibration_of_an_earlier_day_is_not_made_in_vain",
        ),
        Promise(
            "A batch that fails ends, keeps what was read and is logged.",
            "test_batch.py::test_a_batch_that_fails_ends_and_keeps_what_was_read",
        ),
        Promise(
            "A page left alone shows the next image as its controls say.",
            "test_left_alone.py::test_read_says_so_and_takes_the_next_image",
        ),
        Promise(
            "A training is taken up again only by the command that began it.",
            "test_cli.py::test_no_command_goes_on_with_the_training_of_another",
        ),
    ),
    "Security": (
        Promise(
            "No file but those uploaded can be read through the page or its API.",
            "test_attacks.py::test_no_way_of_writing_a_path_leads_out_of_the_uploads",
        ),
        Promise(
            "No event reads a file that was not uploaded to it.",
            "test_attacks.py::test_no_event_reads_a_file_that_was_not_uploaded_here",
        ),
        Promise(
            "No upload writes outside its folder.",
            "test_attacks.py::test_no_file_name_writes_outside_the_uploads",
        ),
        Promise(
            "Nobody can make the server fetch an address.",
            "test_privacy.py::test_an_address_in_place_of_a_file_is_refused_and_not_fetched",
        ),
        Promise(
            "What the page does not need is shut.",
            "test_attacks.py::test_whatever_the_page_does_not_need_is_shut",
        ),
        Promise(
            "No page of another site may ask or read.",
            "test_attacks.py::test_a_page_of_another_site_may_neither_ask_nor_read",
        ),
        Promise(
            "No site whose name is led here later may ask or read.",
            "test_frames.py::test_a_site_whose_name_leads_here_reads_nothing",
        ),
        Promise(
            "No other site can show the page in a frame.",
            "test_frames.py::test_no_other_site_can_lay_the_page_under_its_own",
        ),
        Promise(
            "No upload runs as a page or a script.",
            "test_attacks.py::test_no_upload_is_shown_as_a_page_or_run_as_a_script",
        ),
        Promise(
            "Every answer carries the headers that guard it.",
            "test_attacks.py::test_every_answer_is_guarded",
        ),
        Promise(
            "Nothing that is sent writes a line of the log.",
            "test_attacks.py::test_nothing_that_is_sent_writes_a_line_of_the_log",
        ),
        Promise(
            "A name that is markup is shown as text.",
            "test_browser.py::test_a_name_that_is_markup_is_shown_as_text",
        ),
        Promise(
            "No string of a header is repeated, in a page, a table or a terminal.",
            "test_injection.py::test_no_string_of_a_header_is_repeated",
        ),
        Promise(
            "The table as CSV holds no formula.",
            "test_batch.py::test_the_table_as_csv_holds_every_reading_and_no_formula",
        ),
        Promise(
            "Weights are verified before they are parsed.",
            "test_verified_first.py::test_a_file_that_was_exchanged_under_its_name_reaches_no_parser",
        ),
        Promise(
            "Packages are locked, each in one version with its hashes.",
            "test_locks.py::test_every_package_has_one_version_and_hashes_and_nothing_says_where_it_comes_from",
        ),
        Promise(
            "What is installed is what is locked, whatever was released later.",
            "test_installing.py::test_make_installs_what_is_locked_and_says_so_in_few_words",
        ),
        Promise(
            "A known vulnerability of a package fails the audit, and what could not be asked is said.",
            "test_audit_dependencies.py::test_what_was_found_and_what_was_not_asked_is_said",
        ),
        Promise(
            "No WebSocket is opened.",
            "test_attacks.py::test_no_socket_is_opened",
        ),
    ),
    "Privacy": (
        Promise(
            "Nothing in a file that names somebody comes out of the library.",
            "test_marks.py::test_the_library_gives_and_logs_no_mark",
        ),
        Promise(
            "Nor out of the commands.",
            "test_marks.py::test_the_command_says_and_draws_no_mark",
        ),
        Promise(
            "Nor out of the API, also where a file is refused.",
            "test_marks_page.py::test_the_api_answers_without_a_mark",
        ),
        Promise(
            "A whole session shows, exports, logs and leaves nothing of it.",
            "test_marks_page.py::test_a_whole_session_shows_exports_and_leaves_no_mark",
        ),
        Promise(
            "The search would find it in every form that was thought of.",
            "test_searching.py::test_it_finds_a_mark_in_every_form",
        ),
        Promise(
            "No request leaves the machine, and nothing stays in the browser.",
            "test_privacy.py::test_nothing_leaves_the_page_and_nothing_stays_in_the_browser",
        ),
        Promise(
            "A browser keeps no picture that it was shown.",
            "test_marks_page.py::test_a_browser_keeps_no_picture_that_it_was_shown",
        ),
        Promise(
            "All that was uploaded, made or left over is gone after the set time.",
            "test_marks_page.py::test_all_that_was_uploaded_made_and_left_over_is_gone_after_a_while",
        ),
        Promise(
            "It is deleted too where the process was killed, when the next one starts.",
            "test_uploads.py::test_it_is_gone_when_the_process_ends_and_when_one_was_killed",
        ),
        Promise(
            "Uploads go on being deleted when a folder vanishes meanwhile.",
            "test_uploads.py::test_a_folder_that_vanishes_while_it_is_looked_into_stops_nothing",
        ),
    ),
    "What can be checked later": (
        Promise(
            "A receipt of a reading holds for its image, or what differs is named.",
            "test_receipts.py::test_whatever_was_changed_in_a_receipt_is_found",
        ),
        Promise(
            "A logit may differ by rounding, and by no more.",
            "test_receipts.py::test_a_logit_may_differ_by_rounding_and_by_no_more",
        ),
        Promise(
            "A log line names nobody.",
            "test_observability.py::test_a_server_tells_of_its_work_and_names_nobody",
        ),
        Promise(
            "/health says what can be read, and why something cannot.",
            "test_observability.py::test_health_says_what_can_be_read_and_why_not",
        ),
        Promise(
            "A receipt that another program wrote anew holds.",
            "test_receipts.py::test_whole_numbers_stand_for_themselves_however_json_writes_them",
        ),
    ),
}
