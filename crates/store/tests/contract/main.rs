//! What every store promises, run on every store.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod accounts;
mod admins;
mod api_tokens;
mod attachments;
mod avatars;
mod blobs;
mod blocks;
mod conversations;
mod erasures;
mod following;
mod groups;
mod host_accounts;
mod invitations;
mod mentions;
mod messages;
mod notices;
mod presence;
mod reactions;
mod reading;
mod receipts;
mod search;
mod sessions;
mod shared;
mod support;

/// Runs each function of the suite on each store.
macro_rules! contract {
    ($($suite:ident::{$($test:ident),+ $(,)?};)+) => {
        mod memory {$(
            mod $suite {$(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    crate::$suite::$test(crate::support::memory()).await;
                }
            )+}
        )+}

        mod sqlite {$(
            mod $suite {$(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    let folder = tempfile::tempdir().unwrap();
                    let store = crate::support::sqlite(folder.path());
                    crate::$suite::$test(store.clone()).await;
                    store.close().await;
                }
            )+}
        )+}
    };
}

contract! {
    attachments::{
        an_upload_is_its_owners_alone,
        uploads_are_listed_page_by_page,
        the_quota_is_each_owners_own,
        a_message_carries_what_its_sender_uploaded,
        an_edit_keeps_them_and_a_deletion_drops_them,
        a_repeat_carries_the_same,
        who_may_not_see_the_message_does_not_see_what_it_carries,
        what_is_unused_is_forgotten,
        bytes_of_no_upload_are_noted,
        it_grows_older,
        other_messages_carry_nothing,
    };
    avatars::{
        a_person_has_one_picture,
        bytes_of_a_picture_are_used,
        bytes_that_become_a_picture_are_noted_no_longer,
        a_picture_of_a_group_is_an_entry_of_its_log,
        bytes_of_a_picture_of_a_group_are_used,
    };
    blocks::{
        blocks_are_kept_once,
        blocks_are_counted_and_come_in_pages,
        a_block_holds_from_its_commit_on,
        what_is_hidden_is_passed_over,
    };
    notices::{
        notices_wait_until_they_are_removed,
        an_account_is_created_with_its_notice_or_not_at_all,
    };
    mentions::{
        who_is_mentioned_is_kept_with_the_message,
    };
    api_tokens::{
        a_token_is_found_by_its_hash,
        only_its_owner_lists_and_ends_a_token,
        an_account_has_so_many_tokens_at_most,
        of_two_made_at_the_same_time_one_is_too_many,
        uses_are_noted_forward,
        expired_tokens_are_ended,
    };
    host_accounts::{
        a_person_of_an_issuer_has_one_account,
        of_two_first_sights_at_the_same_time_one_makes_the_account,
        a_username_that_somebody_has_is_not_taken_over,
        refused_tokens_end_the_session_behind_them,
    };
    accounts::{
        a_username_is_taken_in_any_case,
        a_code_is_used_once,
        tries_at_the_same_time_are_counted_one_by_one,
        a_new_code_starts_again,
        who_asked_has_a_code_and_tries_of_their_own,
        a_username_is_free_again_where_it_was_not_verified,
        of_two_who_want_a_free_username_one_has_it,
        accounts_that_nobody_verified_are_removed,
        what_is_not_changed_of_an_account_stays,
        people_are_found_by_the_beginning_of_a_name,
        only_so_many_are_looked_at_by_display_name,
        who_was_found_comes_page_by_page,
        a_code_is_for_one_purpose,
        accounts_are_found_by_their_address,
        a_password_changes_once_and_ends_other_sessions,
    };
    admins::{
        who_is_disabled_has_no_sessions_and_begins_none,
        who_is_disabled_is_not_found_by_others,
        the_last_admin_stays,
        of_two_admins_who_demote_each_other_one_stays,
        an_account_that_is_added_is_verified,
        logging_somebody_out_ends_all_they_have,
        admins_find_people_by_any_of_their_names,
        the_audit_log_is_read_in_pages_and_forgets_its_oldest,
    };
    presence::{
        when_somebody_was_last_there_only_moves_forward,
        people_are_looked_for_in_order,
        presence_is_for_people_who_share_a_conversation,
        who_hides_or_blocks_is_not_seen,
    };
    sessions::{
        a_refresh_token_works_once,
        the_token_used_last_is_answered_again_for_a_while,
        a_clock_that_is_set_back_does_not_make_the_while_longer,
        once_its_successor_was_used_a_token_is_not_answered_again,
        a_token_that_expires_is_answered_again_for_a_while,
        uses_at_the_same_time_have_one_successor,
        an_expired_refresh_token_is_unknown,
        only_its_owner_ends_a_session,
        of_too_many_sessions_the_one_unused_for_longest_ends,
        what_expired_is_forgotten,
        however_a_session_ends_it_is_told_to_who_follows,
        what_ended_is_read_from_any_number_and_forgotten_after_a_day,
        a_session_that_ends_twice_is_told_once,
    };
    conversations::{
        two_people_open_one_direct_conversation,
        a_note_to_oneself,
        who_is_not_a_member_sees_nothing,
        the_list_is_by_activity_and_pages,
        unread_counts_what_others_sent,
    };
    erasures::{
        of_a_closed_account_its_username_is_left,
        a_closed_account_begins_nothing,
        messages_and_reactions_are_erased_as_entries,
        what_is_erased_is_followed,
        messages_that_stay_are_those_that_others_see,
        the_heir_is_the_admin_who_joined_first,
    };
    groups::{
        a_brief_record_has_the_members_who_matter, who_may_see_a_message_is_right_after_each_change,
        a_group_is_its_first_entry,
        who_joins_sees_what_the_group_is_set_to,
        what_was_before_who_joined_is_not_there_for_them_when_it_changes,
        who_is_taken_out_sees_nothing_any_more,
        what_was_before_who_came_back_is_not_there_for_them,
        of_two_changes_at_once_the_second_is_decided_again,
        of_the_changes_of_a_group_ones_coming_and_the_last_are_read,
        muting_is_each_members_own,
        who_leads_a_group_deletes_any_message_of_it,
        how_a_group_changed_is_kept,
        of_many_members_the_first_are_shown_and_all_are_listed,
        what_is_hidden_from_somebody_is_not_there_for_them,
    };
    invitations::{
        who_may_add_is_kept_with_the_account,
        an_invitation_waits_once_and_is_accepted_once,
        a_declined_invitation_is_not_made_again_for_a_while,
        an_invitation_ends_with_its_inviter,
        a_block_ends_invitations_and_refuses_more,
        only_so_many_wait,
        invitations_come_in_pages,
        a_contact_is_somebody_one_wrote_to_lately,
    };
    following::{
        seq_has_no_gap_and_is_followed_in_order,
        positions_are_the_order_of_the_whole_store,
        what_is_followed_is_readable,
        an_origin_comes_with_its_entry,
        a_repeat_is_not_followed,
        the_whole_log_can_be_followed_again,
        a_position_was_reached_in_an_epoch_of_this_log,
    };
    messages::{
        one_senders_calls_keep_their_order,
        a_repeat_is_stored_once,
        repeats_at_the_same_time_are_stored_once,
        a_client_id_with_another_body_is_refused,
        a_changed_message_is_known_by_what_it_said_at_first,
        client_ids_of_others_do_not_matter,
        client_ids_come_back_as_they_were,
        a_repeat_of_an_edited_message_is_still_a_repeat,
        a_refused_first_message_leaves_no_conversation,
        a_reply_is_to_a_message_of_the_conversation,
        changes_are_entries_and_change_the_message,
        only_its_sender_changes_a_message,
    };
    reactions::{
        reactions_are_entries,
        of_many_reactions_the_first_are_shown,
        all_reactions_are_listed_in_pages,
    };
    reading::{
        of_the_changes_of_a_message_the_last_is_read,
        reading_resumes_from_any_place,
        history_pages_both_ways,
    };
    receipts::{
        cursors_only_move_forward,
        cursors_stop_at_the_head,
        reading_implies_delivery,
        strangers_have_no_cursors,
    };
    shared::{
        what_is_shared_is_listed_by_kind,
        what_was_shared_pages,
        changes_change_what_is_shared,
        what_one_may_not_see_is_not_listed,
        a_page_looks_at_so_many_messages,
    };
    search::{
        words_are_found_the_newest_first,
        long_words_and_many_are_told_apart,
        what_has_no_spaces_is_found_inside,
        who_is_not_a_member_finds_nothing,
        members_find_what_they_may_see,
        what_is_hidden_is_not_found,
        changes_are_found_as_they_are_now,
        what_is_found_pages,
        many_conversations_are_searched_as_one,
        a_search_is_narrowed_to_a_sender_and_a_time,
    };
}
