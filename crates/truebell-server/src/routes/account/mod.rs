//! The account itself: credentials, address, second factors, deletion, notices taken back.

pub(super) mod acknowledge;
pub(super) mod add_second_factor;
pub(super) mod change_address;
pub(super) mod finish_credentials;
pub(super) mod keep;
pub(super) mod remove_second_factor;
pub(super) mod schedule_deletion;
pub(super) mod start_credentials;
