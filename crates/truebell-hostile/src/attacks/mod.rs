//! The table of attacks, by row of `docs/hostile-server.md`. The name begins with the row.

mod claims;
mod files;
mod items;
mod keys;
mod views;

use crate::answer::{Answer, Heard};
use crate::notebook::Notebook;

/// Something the operator does.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// `ms-07-swap-parts`.
    pub name: &'static str,
    /// What it does, in one line.
    pub does: &'static str,
    pub(crate) bend: Bend,
}

type Reply = fn(&Heard, &mut Answer, &mut Notebook);

/// How.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bend {
    /// The honest answer is bent.
    Reply(Reply),
    /// The honest server does not hear of some requests.
    Instead(fn(&Heard, &mut Notebook) -> Option<Answer>),
    /// The database is the one that was marked.
    RollBack { restore_epoch: u64 },
    /// The last device heard sees one database, all others a copy that goes its own way.
    Fork,
}

const fn reply(name: &'static str, does: &'static str, bend: Reply) -> Attack {
    Attack { name, does, bend: Bend::Reply(bend) }
}

fn listen(_: &Heard, _: &mut Answer, _: &mut Notebook) {}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    reply("ms-03-listen", "is honest and keeps all it is sent, to see whether a key or a password is ever among it", listen),
    reply("ms-07-swap-parts", "gives each item's overview as its detail and the other way round", items::swap_parts),
    reply("ms-07-swap-items", "gives one item's detail to another", items::swap_items),
    reply("ms-07-swap-vaults", "gives the items of one vault as those of another", items::swap_vaults),
    reply("ms-07-swap-accounts", "gives items of another account", items::swap_accounts),
    reply("ms-08-listen", "is honest, and waits for a request to an address that stands in an item", listen),
    reply("ms-09-lower-kdf", "names weak derivation parameters in every answer that could hold them", keys::lower_kdf),
    reply("ms-09-other-account", "names another account at sign-in, to have keys derived for that", keys::other_account),
    reply("ms-10-flip-item", "flips one bit in each item's detail", items::flip_item),
    reply("ms-10-flip-keyset", "flips one bit in the sealed keyset", keys::flip_keyset),
    reply("ms-11-drop", "leaves the last revision out", items::drop_last),
    reply("ms-11-duplicate", "sends each revision twice", items::duplicate),
    reply("ms-11-reorder", "sends revisions in the opposite order", items::reorder),
    reply("ms-11-tombstone", "gives each revision as a deletion", items::tombstone),
    reply("ms-11-cut", "leaves the end of the stream out", items::cut),
    reply("ms-11-huge-number", "numbers a deletion 2^64 - 1 and sends one more revision of that item", items::huge_number),
    reply(
        "ms-11-negative-sequence",
        "names a vault sequence of 2^64 - 1, which is -1 to who reads it with a sign",
        views::negative_sequence,
    ),
    reply("ms-12-inject-vault", "sends a vault that the operator made", keys::inject_vault),
    reply("ms-12-spoil-name", "sends a vault's own key with a name that does not open", keys::spoil_name),
    reply("ms-15-swap-vault-key", "gives the vault's key as the operator wrapped it", keys::swap_vault_key),
    reply("ms-15-introduce-again", "introduces a vault that is known already, with the operator's key", keys::introduce_again),
    reply("ms-16-old-server", "says it is version 0.0.1 and knows no item keys", keys::old_server),
    reply("ms-16-lower-suite", "marks every sealed part as of suite 0", items::lower_suite),
    reply("ms-18-legacy-cipher", "gives each detail in clear, marked as if it were sealed in an old way", items::legacy_cipher),
    Attack { name: "ms-19-roll-back", does: "puts the marked database back and says nothing", bend: Bend::RollBack { restore_epoch: 0 } },
    Attack {
        name: "ms-19-roll-back-as-restore",
        does: "puts the marked database back and calls it a restore",
        bend: Bend::RollBack { restore_epoch: 1 },
    },
    reply("ms-19-vanished-vault", "says that a vault is not there any more", views::vanished_vault),
    reply("ms-19-old-keyset", "offers an old password's keyset", keys::old_keyset),
    Attack { name: "ms-20-fork", does: "shows one device one history and all others another", bend: Bend::Fork },
    reply("ms-22-forged-change", "sends an event `password-changed` that no device signed", claims::forged_change),
    reply("ms-22-forged-revocation", "sends an event that removes this device, which no device signed", claims::forged_revocation),
    reply("ms-22-forged-deletion", "sends an event that schedules the account's deletion, which no device signed", claims::forged_deletion),
    reply("ms-22-old-event-again", "sends a true event a second time", claims::old_event_again),
    reply("ms-22-claim-deletion", "writes into the account's record that it will be deleted tomorrow", claims::claim_deletion),
    reply("ms-22-claim-factor", "writes a second factor into the account's record", claims::claim_factor),
    reply("ms-22-claim-address", "writes another mail address into the account's record", claims::claim_address),
    reply("ms-22-claim-keyset", "sends another keyset of the same password, as if there were a newer one", claims::claim_keyset),
    reply("ms-22-unsigned-401", "answers 401, unsigned, “your password was changed”", claims::unsigned_401),
    reply("ms-22-unsigned-403", "answers 403, unsigned, with a page “you were signed out”", claims::unsigned_403),
    reply("ms-22-redirect", "sends the client to another address", claims::redirect),
    reply("ms-22-signed-no-session", "signs `no-session` for every request", claims::no_session),
    reply("ms-22-signed-unknown-device", "signs `device-unknown` for every request", claims::unknown_device),
    reply("ms-22-signed-closing", "signs `account-closing` for every request", claims::closing),
    reply("ms-22-signed-wrong-credentials", "signs `wrong-credentials` for every request", claims::wrong_credentials),
    reply("ms-22-signed-maintenance", "signs a maintenance whose note is an alarm over two lines", claims::maintenance),
    reply("ms-22-signed-outdated", "signs `outdated` with an alarm where the version belongs", claims::outdated),
    reply("ms-22-signed-for-ever", "signs `busy` until the end of time", claims::busy_for_ever),
    reply("ms-22-replay", "answers with an answer it signed before", claims::replay),
    reply("ms-22-invented-device", "lists a device that was never enrolled", claims::invented_device),
    reply("ms-22-hidden-device", "lists all devices but this one", claims::hidden_device),
    reply("ms-22-renamed-device", "lists the devices under each other's names", claims::renamed_device),
    reply("ms-22-genuine-code", "calls every check code genuine, with an event of its own", claims::genuine_code),
    reply("ms-22-unproven-act", "answers an act with an event that is not it", claims::unproven_act),
    reply("ms-23-withhold", "leaves events out that the head names", views::withhold),
    reply("ms-23-freeze", "shows each device the account as it stood", views::freeze),
    reply("ms-23-far-place", "names a far place in the chain at sign-in, so that what comes later counts as seen", views::far_place),
    reply("ms-23-slow-pace", "asks clients to come back in 49 days", views::slow_pace),
    reply("ms-25-exchange-keys", "gives each vault the wrapped key of another", keys::exchange_keys),
    reply("ms-25-exchange-parts", "gives the vault's name as an item's detail", items::exchange_parts),
    reply("ms-26-listen", "is honest and compares sizes and ciphertexts", listen),
    Attack { name: "ms-27-forget-writes", does: "acknowledges every write and stores none", bend: Bend::Instead(views::forget_writes) },
    reply("ms-30-swap-chunks", "gives a file's first part for every part", files::swap_chunks),
    reply("ms-30-truncate", "gives every part of a file short by its end", files::truncate),
    reply("ms-30-empty", "gives nothing for every part of a file", files::empty),
];

/// The attack of a name.
pub fn find(name: &str) -> Option<&'static Attack> {
    ATTACKS.iter().find(|attack| attack.name == name)
}

#[cfg(test)]
mod tests {
    use super::ATTACKS;
    use std::collections::BTreeSet;

    #[test]
    fn every_attack_is_listed_once_and_explained_in_the_documents() {
        let page = include_str!("../../../../docs/hostile-server.md");
        for (place, attack) in ATTACKS.iter().enumerate() {
            assert!(ATTACKS.iter().skip(place + 1).all(|other| other.name != attack.name), "{} is there twice", attack.name);
            assert!(page.contains(&format!("`{}`", attack.name)), "docs/hostile-server.md lacks {}", attack.name);
        }
    }

    /// A page that names a test nobody wrote would be a claim without evidence.
    #[test]
    fn the_page_names_every_test_and_no_test_that_is_not_there() {
        let page = include_str!("../../../../docs/hostile-server.md");
        let written = [
            include_str!("../../tests/attacks/claims.rs"),
            include_str!("../../tests/attacks/files.rs"),
            include_str!("../../tests/attacks/items.rs"),
            include_str!("../../tests/attacks/keys.rs"),
            include_str!("../../tests/attacks/views.rs"),
        ];
        let tests: BTreeSet<&str> =
            written.iter().flat_map(|file| file.split("\nfn ").skip(1)).filter_map(|rest| rest.split('(').next()).filter(is_row).collect();
        let named: BTreeSet<&str> = page.split('`').filter(is_row).collect();
        assert_eq!(named, tests);
    }

    fn is_row(name: &&str) -> bool {
        name.starts_with("ms_")
    }
}
