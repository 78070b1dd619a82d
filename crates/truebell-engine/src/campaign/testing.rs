//! A small campaign for tests: operators with keys, a plan that is whole, and its manifest.

use super::*;
use std::sync::LazyLock;
use truebell_core::account::Unlocked;
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;

pub(super) const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
pub(super) const SALT: Salt = Salt([7; 16]);

/// Recipient `number` of the shop.
pub(super) fn recipient(number: u64) -> Recipient {
    Recipient::derive(&SALT, "shop", &number.to_be_bytes())
}

/// Its finding.
pub(super) fn finding(number: u64) -> Finding {
    let generation = Generation(Hash32::derive_labelled("generation of a test", &[&number.to_be_bytes()]));
    Finding { account: recipient(number), grade: Grade::E1, source: 0, stratum: 0, generation, found_at: UnixMillis(NOW.0 - 3_600_000) }
}

/// An alarm that makes one claim.
pub(super) fn alarm(claim: &str) -> Text {
    let body = format!("{{site}}: {{claim:{claim}}} {{list}} of {{list-date}}. {{link}} {{without-link}} {{code}}");
    let html = body.replace("{link}", r#"<a href="{link}">{link}</a>"#);
    Text { subject: "Your password at {site}".into(), plain: body, html: format!("<p>{html}</p>") }
}

/// A plan, its manifest, and those who may approve it: the author and three more.
#[derive(Debug, Clone)]
pub(super) struct Fixture {
    pub plan: Plan,
    pub manifest: Manifest,
    pub roster: Roster,
}

/// Operator `number`'s keys; 0 is the author.
pub(super) fn keys(number: u8) -> &'static Unlocked {
    static KEYS: LazyLock<Vec<Unlocked>> = LazyLock::new(|| {
        (0..10).map(|number| Unlocked::make_account(operator(number), &mut Seeded::new(u64::from(number) + 500))).collect()
    });
    &KEYS[usize::from(number)]
}

pub(super) fn operator(number: u8) -> AccountId {
    AccountId([number + 1; 16])
}

impl Fixture {
    /// With so many findings.
    pub(super) fn of(count: u64) -> Self {
        let manifest = Manifest::new((0..count).map(finding).collect()).unwrap();
        let roster = Roster((0..4).map(|number| (operator(number), Operator { key: keys(number).public().signing })).collect());
        let (alarm, retraction) = (alarm("password-reset"), alarm("mistake"));
        let wording = |language: &str, subject, text: &Text| Wording { language: language.into(), subject, text: text.derive_digest() };
        let bounds = |low, high, samples_min| Bounds { low: Ppm(low), high: Ppm(high), samples_min };
        let plan = Plan {
            version: 1,
            world: World::Live,
            site: "shop".into(),
            salt: SALT,
            author: operator(0),
            made_at: NOW,
            lists: vec![List {
                digest: Hash32([1; 32]),
                name: "ExampleForum".into(),
                date: "2026-09".into(),
                origin: "sent in".into(),
                trust: Trust::QUARANTINED.and(Trust::LOOKED_AT),
                parser: 1,
                dialect: "address:password".into(),
                lines: 200_000,
            }],
            policy: [Action::Reset, Action::Leave, Action::Leave, Action::Leave],
            snapshot: Snapshot {
                source: "postgres, auth_user".into(),
                taken_at: NOW,
                recipients: Hash32([2; 32]),
                generations: Hash32([3; 32]),
                accounts: 1_000_000,
                with_password: 900_000,
            },
            checkers: vec![Checker { format: "bcrypt".into(), first: "bcrypt 0.17".into(), second: "libxcrypt 4.4".into() }],
            wordings: vec![wording("en", Subject::AlarmE1, &alarm), wording("en", Subject::Retraction, &retraction)],
            texts: vec![alarm, retraction],
            stages: [Whom::Shadow, Whom::UpTo(10), Whom::UpTo(40), Whom::Rest].map(|whom| Stage { whom, soak_ms: 3_600_000 }).to_vec(),
            caps: Caps { per_hour: 1_000, per_campaign: 5_000 },
            errors: Errors::USUAL,
            strata: vec![Stratum { name: "ExampleForum, bcrypt".into(), bounds: bounds(100, 15_000, 1_000) }],
            rechecks: bounds(500_000, 1_000_000, 20),
            watches: vec![
                Watch { signal: Signal::Bounces, bounds: bounds(0, 50_000, 10) },
                Watch { signal: Signal::Complaints, bounds: bounds(0, 3_000, 10) },
            ],
            load: Load { permille_max: 700, age_ms_max: 60_000 },
            tracers: Tracers {
                must_match: (900_000..900_008).map(recipient).collect(),
                must_not_match: (900_100..900_356).map(recipient).collect(),
            },
            staff: Vec::new(),
            manifest: manifest.frozen(),
            forecast: [0, 100_000],
            hold_ms: 3_600_000,
            expires: UnixMillis(NOW.0 + 14 * 86_400_000),
        };
        Self { plan, manifest, roster }
    }

    /// Operator `number` says something of the plan.
    pub(super) fn says(&self, number: u8, says: Says, round: u32, at: UnixMillis) -> SignedStatement {
        SignedStatement::sign(&Statement { plan: self.plan.derive_id(), round, operator: operator(number), at, says }, keys(number))
    }

    pub(super) fn approvals(&self, round: u32, at: UnixMillis) -> Vec<SignedStatement> {
        vec![self.says(1, Says::Approve, round, at), self.says(2, Says::Approve, round, at)]
    }
}
