//! One suite over all stores: a case for each sentence of the contract.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a whole crate of tests: what does not hold fails the case"
)]

mod accounts;
mod acts;
mod bad_days_of_postgres;
mod bad_days_of_sqlite;
mod breaker;
mod dumps;
mod faults;
mod kills;
mod log;
mod machines;
mod mails;
mod model;
mod moving;
mod races;
mod response;
mod retractions;
mod sessions;
mod signals;
mod status;
mod stores;
mod tls_of_postgres;
mod vaults;
mod world;

/// Makes each case a test of each store.
macro_rules! on_every_store {
    ($($room:ident: $($case:ident),+ $(,)?;)+) => {
        mod memory {
            $(mod $room { $(#[test] fn $case() { crate::stores::run(crate::stores::Kind::Memory, crate::$room::$case); })+ })+
        }
        mod sqlite {
            $(mod $room { $(#[test] fn $case() { crate::stores::run(crate::stores::Kind::Sqlite, crate::$room::$case); })+ })+
        }
        mod postgres {
            $(mod $room { $(#[test] fn $case() { crate::stores::run(crate::stores::Kind::Postgres, crate::$room::$case); })+ })+
        }
    };
}

on_every_store! {
    accounts:
        an_identity_is_written_once,
        a_store_that_works_passes_its_check,
        sign_up_creates_all_an_account_starts_with,
        a_sign_up_repeated_opens_the_session_and_changes_nothing,
        a_taken_address_account_device_or_vault_refuses_a_sign_up,
        an_invitation_is_good_once_and_in_time,
        a_deletion_waits_for_its_time_and_leaves_only_mails_on_their_way,
        sweeping_forgets_what_was_over_and_nothing_else,
        counts_leave_out_what_is_over;
    acts:
        an_act_commits_with_its_event_and_its_mails,
        an_act_out_of_the_chain_changes_nothing,
        an_act_shown_again_gives_the_stored_event,
        another_act_in_a_taken_place_is_told_apart,
        a_mail_of_another_event_is_refused,
        an_enrolment_is_good_for_one_device,
        an_enrolment_repeated_opens_the_new_session,
        a_revoked_device_does_not_come_back_by_repeating_its_enrolment,
        new_credentials_raise_the_epoch_and_end_open_enrolments,
        a_sign_in_changes_credentials_once,
        a_revoked_device_loses_its_sessions_and_opens_no_more,
        a_revoked_session_is_gone,
        an_address_moves_and_a_taken_one_does_not,
        a_deletion_is_scheduled_once_and_cancelled_once,
        a_second_factor_is_added_once_and_removed_with_a_fresh_code;
    sessions:
        a_session_shows_where_its_account_stands,
        a_session_of_an_unknown_or_revoked_device_is_refused,
        a_session_opened_twice_is_one_and_anothers_token_is_refused,
        sessions_and_devices_are_listed_oldest_first,
        a_sign_in_gives_one_enrolment,
        a_code_is_good_once,
        an_enrolment_needs_the_credentials_and_factors_of_now;
    machines:
        a_machine_has_the_vaults_it_was_given_and_its_sessions_say_so,
        a_machine_has_a_vault_and_only_those_of_its_account,
        a_machine_made_twice_is_one_and_is_told_once,
        a_revoked_machine_is_given_no_key_again,
        a_machine_goes_with_its_account;
    vaults:
        a_vault_is_created_once,
        a_commit_moves_the_vault,
        a_commit_repeated_is_answered_as_the_first_was,
        a_commit_number_is_remembered_for_64_commits,
        a_commit_that_does_not_follow_conflicts_and_changes_nothing,
        a_tombstone_drops_earlier_revisions,
        changes_are_what_the_client_does_not_have,
        revisions_come_in_order_page_by_page,
        numbers_from_outside_may_be_anything,
        a_chunk_is_stored_once_and_never_changes,
        an_attachment_does_not_grow_beyond_its_limit,
        another_accounts_ids_reach_nothing,
        a_thousand_revisions_go_in_one_commit;
    mails:
        an_event_is_found_by_its_code,
        mails_are_claimed_oldest_first_when_due,
        a_claim_whose_lease_ended_is_parked,
        each_end_of_a_try_has_its_state;
    breaker:
        a_kind_that_would_tell_too_many_is_stopped_and_others_go_on,
        a_slow_flood_is_stopped_by_the_day,
        one_person_counts_once_a_day_and_a_mail_tried_again_is_no_other,
        a_kind_is_let_go_for_a_time,
        corrections_have_no_band,
        a_parked_mail_is_decided_on_once;
    retractions:
        an_operator_takes_a_notice_back_once_as_the_next_link,
        a_retraction_that_does_not_fit_changes_nothing,
        each_side_takes_a_notice_back_once,
        mails_of_an_event_are_found_after_they_were_emptied,
        each_mail_is_corrected_or_withheld_by_how_far_it_is,
        what_a_device_says_holds_no_mail_back,
        a_mail_that_may_not_leave_yet_is_not_tried;
    log:
        an_event_and_its_leaf_are_written_together,
        leaves_get_their_places_once_and_in_order,
        an_append_for_another_size_writes_nothing,
        an_entry_that_does_not_wait_refuses_the_whole_append,
        a_checkpoint_is_published_forwards_only,
        the_log_outlives_the_accounts;
    status:
        the_journal_is_added_to_once_and_read_in_the_order_of_time;
    signals:
        an_event_is_queued_with_it_on_each_stream_that_is_about_its_account,
        addresses_are_queued_for_receivers_of_addresses_only,
        the_end_of_an_account_is_queued_with_it_if_an_event_asked_for_it,
        a_receiver_has_a_name_a_token_and_one_stream,
        a_stream_that_goes_takes_along_what_waits,
        a_paused_stream_keeps_and_a_disabled_one_does_not,
        a_stream_is_claimed_by_one_and_tried_in_order,
        a_changed_stream_is_tried_at_once,
        what_a_poll_settles_is_gone_and_counted,
        what_is_too_much_or_too_old_is_dropped_and_said_first,
        a_note_waits_behind_what_was_there_and_is_added_once;
    response:
        a_site_has_a_name_and_goes_with_all_that_was_found,
        a_match_begins_once_and_goes_from_phase_to_phase,
        a_match_is_worked_on_by_one_until_its_lease_ends,
        what_a_list_names_is_there_once_with_its_closest_relation,
        accounts_the_table_does_not_know_are_forgotten,
        accounts_are_claimed_in_turn_by_one_until_its_lease_ends,
        of_a_finding_its_evidence_stays_and_no_other_candidate,
        a_pair_that_was_tried_is_counted_once_and_never_given_again,
        of_a_stopped_list_nothing_is_kept,
        an_account_is_claimed_by_one_of_many;
    races:
        a_stream_is_worked_on_by_one_of_many,
        of_two_racing_commits_one_is_done_and_one_conflicts,
        a_commit_repeated_at_once_is_done_once,
        a_code_shown_at_once_is_good_once,
        an_enrolment_used_at_once_is_good_for_one_device,
        of_many_acts_in_one_place_one_is_done,
        a_mail_is_claimed_by_one_of_many,
        of_mails_claimed_while_their_notice_is_taken_back_those_that_left_are_corrected,
        of_many_who_give_places_each_leaf_gets_one,
        of_many_sign_ups_with_one_address_one_is_created,
        an_invitation_is_used_by_one_of_many,
        no_session_survives_the_revocation_of_its_device,
        writes_and_the_deletion_of_their_account_leave_nothing_behind;
    dumps:
        a_dump_stops_when_its_sink_has_enough,
        a_dump_is_of_one_moment_while_writers_go_on,
        only_an_empty_store_is_loaded,
        a_row_that_does_not_fit_loads_nothing;
}
