//! Looking at all items at once.

use super::alike::{neighbours, stem_of};
use super::dates::{DAY_MS, parse_end};
use super::record::{Record, mark_of};
use super::sites::{SecondFactors, host_of, is_insecure};
use super::{Finding, Kind, Known, PairKnown};
use std::collections::{BTreeMap, BTreeSet};
use truebell_core::address::Address;
use truebell_core::item::{Category, Field, FieldKind, Item, State};
use truebell_core::secret::Secret;
use truebell_core::strength::derive_strength;
use truebell_core::time::UnixMillis;

/// Below this score a password is weak: see [`truebell_core::strength::Strength`].
const SCORE_STRONG: u8 = 3;
/// Something that ends within this time is told.
const EXPIRING_DAYS: u64 = 60;
/// Names of other items in a sentence.
const NAMED_MAX: usize = 3;
/// Ids of the templates' password fields.
const PASSWORDS: [&str; 3] = ["password", "admin-password", "base-station-password"];

/// What is looked at, and with which knowledge.
pub struct Inputs<'a> {
    /// Now.
    pub now: UnixMillis,
    /// A password that was not changed for so long is old.
    pub old_after_days: u64,
    /// What is known about a password's exposure.
    pub known: &'a dyn Fn(&str) -> Known,
    /// Where that is known from, as a sentence names it: `corpus pwned.tbc, version 3f2a…`.
    pub known_from: &'a str,
    /// Whether variants of passwords may be asked about as well.
    pub with_variants: bool,
    /// Sites with a second factor.
    pub second_factors: &'a SecondFactors,
    /// What is known about user names with their passwords, where somebody was asked.
    pub pairs: Option<Pairs<'a>>,
}

/// Knowledge about pairs.
#[derive(Clone, Copy)]
pub struct Pairs<'a> {
    /// Of a user name, as it is in the item, and a password.
    pub known: &'a dyn Fn(&str, &str) -> PairKnown,
    /// Where that is known from, as a sentence names it.
    pub from: &'a str,
}

/// One password of an item.
struct Password<'a, K> {
    item: K,
    whole: &'a Item,
    field: &'a Field,
}

fn is_active(item: &Item) -> bool {
    item.overview.state == State::Active
}

fn passwords_of(item: &Item) -> impl Iterator<Item = &Field> {
    let fields = item.detail.sections.iter().flat_map(|section| &section.fields);
    fields.filter(|field| PASSWORDS.contains(&field.id.as_str()) && !field.value.is_empty())
}

/// All passwords that have to be asked about, each once.
pub fn questions<'a>(items: impl IntoIterator<Item = &'a Item>, with_variants: bool) -> Vec<Secret> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for field in items.into_iter().filter(|item| is_active(item)).flat_map(passwords_of) {
        all.insert(field.value.expose().to_owned());
        if with_variants {
            all.extend(neighbours(field.value.expose()).into_iter().map(|(other, _)| other.expose().to_owned()));
        }
    }
    all.into_iter().map(Secret::new).collect()
}

/// All user names that are addresses, with their passwords, each pair once.
pub fn pair_questions<'a>(items: impl IntoIterator<Item = &'a Item>) -> Vec<(Address, Secret)> {
    let mut all: BTreeMap<(String, String), Address> = BTreeMap::new();
    for item in items.into_iter().filter(|item| is_active(item)) {
        let Ok(address) = Address::parse(username_of(item)) else { continue };
        for field in passwords_of(item) {
            all.insert((address.key(), field.value.expose().to_owned()), address.clone());
        }
    }
    all.into_iter().map(|((_, password), address)| (address, Secret::new(password))).collect()
}

fn username_of(item: &Item) -> &str {
    item.field("username").map_or("", |field| field.value.expose())
}

/// All findings, the most pressing first, then by title. Items in the archive and in the trash are left alone.
pub fn examine<K: Copy + Ord>(items: &[(K, Item)], inputs: &Inputs<'_>) -> Vec<Finding<K>> {
    let active: Vec<(K, &Item)> = items.iter().filter(|(_, item)| is_active(item)).map(|(id, item)| (*id, item)).collect();
    let passwords: Vec<Password<'_, K>> =
        active.iter().flat_map(|(id, item)| passwords_of(item).map(|field| Password { item: *id, whole: item, field })).collect();
    let crowd = Crowd::of(&passwords, inputs);
    let mut findings: Vec<Finding<K>> = Vec::new();
    for password in &passwords {
        findings.extend(look_at_password(password, &crowd, inputs));
    }
    for (id, item) in &active {
        findings.extend(look_at_item(*id, item, inputs));
    }
    let titles: BTreeMap<K, &str> = active.iter().map(|(id, item)| (*id, item.overview.title.as_str())).collect();
    findings.sort_by(|one, other| (one.kind, titles.get(&one.item), one.item).cmp(&(other.kind, titles.get(&other.item), other.item)));
    findings
}

/// What all passwords together tell about each.
struct Crowd<'a, K> {
    /// Who has a password.
    owners: BTreeMap<&'a str, Vec<(K, &'a str)>>,
    /// Exposed passwords by their stem, with the title of one who has it.
    exposed_stems: BTreeMap<String, Vec<(&'a str, &'a str)>>,
}

impl<'a, K: Copy + Ord> Crowd<'a, K> {
    fn of(passwords: &[Password<'a, K>], inputs: &Inputs<'_>) -> Self {
        let (mut owners, mut exposed_stems) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        for password in passwords {
            let (value, title) = (password.field.value.expose(), password.whole.overview.title.as_str());
            owners.entry(value).or_default().push((password.item, title));
            if let (Known::Exposed { .. }, Some(stem)) = ((inputs.known)(value), stem_of(value)) {
                exposed_stems.entry(stem.expose().to_owned()).or_default().push((value, title));
            }
        }
        Self { owners, exposed_stems }
    }
}

/// A finding about a value, without what few have.
fn found<K>(item: K, whole: &Item, field: &str, kind: Kind, value: &str, evidence: String) -> Finding<K> {
    // Where it cannot be read, nothing is set aside: a finding too many is better than one that is hidden.
    let (record, mark) = (Record::of(whole).unwrap_or_default(), mark_of(kind, value));
    let aside = record.find_aside(kind, &mark).cloned();
    let is_new = kind == Kind::Exposed && aside.is_none() && !record.told.contains(&mark);
    Finding { item, field: field.to_owned(), kind, evidence, count: None, shared_with: Vec::new(), mark, aside, is_new }
}

fn look_at_password<K: Copy + Ord>(password: &Password<'_, K>, crowd: &Crowd<'_, K>, inputs: &Inputs<'_>) -> Vec<Finding<K>> {
    let value = password.field.value.expose();
    let find = |kind, evidence| found(password.item, password.whole, &password.field.id, kind, value, evidence);
    let mut findings = Vec::new();
    let pair = inputs.pairs.map(|pairs| ((pairs.known)(username_of(password.whole), value), pairs.from));
    if let Some((count, evidence)) = exposure(value, pair, inputs) {
        findings.push(Finding { count, ..find(Kind::Exposed, evidence) });
    } else {
        let beside = || match pair {
            Some((PairKnown::Similar, from)) => Some(format!("This user name was seen with a password that is nearly this one ({from}).")),
            _ => None,
        };
        let evidence = alike(value, password.whole, crowd, inputs).or_else(beside);
        findings.extend(evidence.map(|evidence| find(Kind::SimilarToExposed, evidence)));
        findings.extend(weakness(value, password.whole).map(|evidence| find(Kind::Weak, evidence)));
    }
    let others: Vec<(K, &str)> =
        crowd.owners.get(value).into_iter().flatten().filter(|(item, _)| *item != password.item).copied().collect();
    if !others.is_empty() {
        let shared_with = others.iter().map(|(item, _)| *item).collect();
        findings.push(Finding { shared_with, ..find(Kind::Reused, format!("The same password is in {}.", name(&others))) });
    }
    findings.extend(age(password, inputs).map(|evidence| find(Kind::Old, evidence)));
    findings
}

/// How often, and how it is known: by the password alone, with the user name, or both.
fn exposure(value: &str, pair: Option<(PairKnown, &str)>, inputs: &Inputs<'_>) -> Option<(Option<u64>, String)> {
    let with = match pair {
        Some((PairKnown::Exposed, from)) => Some(format!("Seen with this user name in lists ({from}).")),
        _ => None,
    };
    let (count, alone) = match (inputs.known)(value) {
        Known::Exposed { count } => {
            let times = match count {
                Some(1) => "once ".to_owned(),
                Some(count) => format!("{count} times "),
                None => String::new(),
            };
            (count, Some(format!("Seen {times}in lists of exposed passwords ({}).", inputs.known_from)))
        }
        Known::Clean | Known::Unknown => (None, None),
    };
    let evidence: Vec<String> = with.into_iter().chain(alone).collect();
    (!evidence.is_empty()).then(|| (count, evidence.join(" ")))
}

fn name<K>(others: &[(K, &str)]) -> String {
    let named: Vec<String> = others.iter().take(NAMED_MAX).map(|(_, title)| format!("“{title}”")).collect();
    match others.len().saturating_sub(NAMED_MAX) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn alike<K>(value: &str, whole: &Item, crowd: &Crowd<'_, K>, inputs: &Inputs<'_>) -> Option<String> {
    let title = whole.overview.title.as_str();
    let stem = stem_of(value);
    let same_stem = stem.and_then(|stem| crowd.exposed_stems.get(stem.expose())?.iter().find(|(other, _)| *other != value));
    if let Some((_, of)) = same_stem {
        let of = if *of == title { "this item".to_owned() } else { format!("“{of}”") };
        return Some(format!("It differs from the exposed password of {of} only in case, look-alike letters or what is at its end."));
    }
    if !inputs.with_variants {
        return None;
    }
    let near = neighbours(value).into_iter().find(|(other, _)| matches!((inputs.known)(other.expose()), Known::Exposed { .. }));
    near.map(|(_, how)| format!("It is an exposed password {how} ({}).", inputs.known_from))
}

fn weakness(value: &str, whole: &Item) -> Option<String> {
    let overview = &whole.overview;
    let known: Vec<&str> =
        [username_of(whole), &overview.title].into_iter().chain(overview.sites.iter().map(|site| site.url.as_str())).collect();
    let strength = derive_strength(value, &known);
    (strength.score < SCORE_STRONG).then(|| strength.reason.to_owned())
}

fn age<K>(password: &Password<'_, K>, inputs: &Inputs<'_>) -> Option<String> {
    let ending = format!("/{}", password.field.id);
    let changes = password.whole.detail.past.iter().filter(|past| past.field.ends_with(&ending)).map(|past| past.until);
    let since = changes.max().unwrap_or(password.whole.overview.created);
    let days = inputs.now.0.saturating_sub(since.0) / DAY_MS;
    (since.0 > 0 && days > inputs.old_after_days).then(|| format!("Not changed for {}.", span(days)))
}

fn span(days: u64) -> String {
    match days / 365 {
        0 => format!("{days} days"),
        1 => "a year".to_owned(),
        years => format!("{years} years"),
    }
}

fn look_at_item<K: Copy>(id: K, item: &Item, inputs: &Inputs<'_>) -> Vec<Finding<K>> {
    let mut findings = Vec::new();
    for site in item.overview.sites.iter().filter(|site| is_insecure(&site.url)) {
        let evidence = format!("{} is reached without encryption.", host_of(&site.url).unwrap_or_default());
        findings.push(found(id, item, "site", Kind::InsecureSite, &site.url, evidence));
    }
    if item.overview.category == Category::Login && !has_second_factor(item) && passwords_of(item).next().is_some() {
        let hosts = hosts_of(item);
        let offered = hosts.iter().find_map(|host| Some((host, inputs.second_factors.find(host)?)));
        if let Some((host, site)) = offered {
            let evidence = format!("{site} offers a second factor, and this item has neither a one-time password nor a passkey.");
            findings.push(found(id, item, "totp", Kind::NoSecondFactor, host, evidence));
        }
    }
    for field in item.detail.sections.iter().flat_map(|section| &section.fields).filter(|field| says_expiry(field)) {
        let Some(end) = parse_end(field.value.expose()) else { continue };
        let (kind, evidence) = match (end.0.checked_sub(inputs.now.0), inputs.now.0.saturating_sub(end.0) / DAY_MS) {
            (None | Some(0), 0) => (Kind::Expired, "It expired today.".to_owned()),
            (None | Some(0), days) => (Kind::Expired, format!("It expired {} ago.", span(days))),
            (Some(left), _) if left / DAY_MS < EXPIRING_DAYS => (Kind::Expiring, format!("It expires in {} days.", left / DAY_MS)),
            _ => continue,
        };
        findings.push(found(id, item, &field.id, kind, field.value.expose(), evidence));
    }
    findings
}

fn hosts_of(item: &Item) -> Vec<String> {
    item.overview.sites.iter().filter_map(|site| host_of(&site.url)).collect()
}

/// Marks of everything in an item that a finding of this kind may be about: see [`mark_of`].
pub fn marks_of(item: &Item, kind: Kind) -> Vec<String> {
    let fields = item.detail.sections.iter().flat_map(|section| &section.fields);
    let values: Vec<String> = match kind {
        Kind::Exposed | Kind::SimilarToExposed | Kind::Reused | Kind::Weak | Kind::Old => {
            passwords_of(item).map(|field| field.value.expose().to_owned()).collect()
        }
        Kind::Expired | Kind::Expiring => fields.filter(|field| says_expiry(field)).map(|field| field.value.expose().to_owned()).collect(),
        Kind::InsecureSite => item.overview.sites.iter().filter(|site| is_insecure(&site.url)).map(|site| site.url.clone()).collect(),
        Kind::NoSecondFactor => hosts_of(item),
    };
    values.iter().map(|value| mark_of(kind, value)).collect()
}

fn has_second_factor(item: &Item) -> bool {
    let mut fields = item.detail.sections.iter().flat_map(|section| &section.fields);
    fields.any(|field| matches!(field.kind, FieldKind::Totp | FieldKind::Passkey) && !field.value.is_empty())
}

/// A field of any template, or of a person's own, that says until when.
fn says_expiry(field: &Field) -> bool {
    let label = field.label.to_lowercase();
    field.id == "expires" || ["expir", "valid until", "valid to"].iter().any(|word| label.contains(word))
}
