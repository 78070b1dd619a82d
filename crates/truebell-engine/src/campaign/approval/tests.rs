//! Whose word counts, and when.

use super::super::testing::{Fixture, NOW, keys, operator};
use super::*;

const LATER: UnixMillis = UnixMillis(NOW.0 + 60_000);

fn valid(fixture: &Fixture, said: &[SignedStatement]) -> usize {
    match approve(&fixture.plan, 0, said, &fixture.roster, LATER) {
        Ok(approved) => approved.approvers().count(),
        Err(NotApproved::TooFew { valid }) => valid,
        Err(NotApproved::Expired) => usize::MAX,
    }
}

#[test]
fn two_operators_who_are_not_the_author_approve_a_plan_and_nobody_else_does() {
    let fixture = Fixture::of(3);
    let says = |number| fixture.says(number, Says::Approve, 0, NOW);
    let cases: Vec<(&str, Vec<SignedStatement>, usize)> = vec![
        ("nobody", vec![], 0),
        ("one", vec![says(1)], 1),
        ("two", vec![says(1), says(2)], 2),
        ("three", vec![says(1), says(2), says(3)], 3),
        ("one twice", vec![says(1), says(1)], 1),
        ("one twice, at another time", vec![says(1), fixture.says(1, Says::Approve, 0, LATER)], 1),
        ("the author", vec![says(0), says(1)], 1),
        ("a stranger", vec![says(9), says(1)], 1),
        ("another round", vec![fixture.says(1, Says::Approve, 1, NOW), says(2)], 1),
        ("before the plan was made", vec![fixture.says(1, Says::Approve, 0, UnixMillis(NOW.0 - 1)), says(2)], 1),
        ("from the future", vec![fixture.says(1, Says::Approve, 0, UnixMillis(LATER.0 + 700_000)), says(2)], 1),
        ("withdrawn since", vec![says(1), fixture.says(1, Says::Withdraw, 0, LATER), says(2)], 1),
        ("withdrawn at the same moment", vec![fixture.says(1, Says::Withdraw, 0, NOW), says(1), says(2)], 1),
        (
            "withdrawn, and approved again",
            vec![fixture.says(1, Says::Withdraw, 0, NOW), fixture.says(1, Says::Approve, 0, LATER), says(2)],
            2,
        ),
    ];
    for (what, said, expected) in cases {
        assert_eq!(valid(&fixture, &said), expected, "{what}");
        let approved = approve(&fixture.plan, 0, &said, &fixture.roster, LATER).is_ok();
        assert_eq!(approved, expected >= 2, "{what}");
    }
}

#[test]
fn one_changed_byte_voids_every_approval() {
    let mut fixture = Fixture::of(3);
    let said = fixture.approvals(0, NOW);
    assert_eq!(valid(&fixture, &said), 2);
    fixture.plan.texts[0].plain.push('.');
    assert_eq!(valid(&fixture, &said), 0);
}

#[test]
fn a_signature_of_another_key_purpose_or_statement_counts_nothing() {
    let fixture = Fixture::of(3);
    let good = fixture.says(1, Says::Approve, 0, NOW);
    let statement = |operator, says| Statement { plan: fixture.plan.derive_id(), round: 0, operator, at: NOW, says };
    let forged = SignedStatement::sign(&statement(operator(1), Says::Approve), keys(2));
    let for_another = SignedStatement { signature: keys(1).sign(Purpose::VaultHead, &good.bytes), bytes: good.bytes.clone() };
    let swapped = SignedStatement { bytes: cbor::to_vec(&statement(operator(3), Says::Approve)), signature: good.signature };
    let cut = SignedStatement { bytes: good.bytes[1..].to_vec(), signature: good.signature };
    for (what, wrong) in [("key", forged), ("purpose", for_another), ("statement", swapped), ("bytes", cut)] {
        assert_eq!(wrong.verify(&fixture.roster), None, "{what}");
        assert_eq!(valid(&fixture, &[wrong, fixture.says(2, Says::Approve, 0, NOW)]), 1, "{what}");
    }
}

#[test]
fn two_accounts_with_one_key_are_one_person_and_the_authors_second_account_is_the_author() {
    let mut fixture = Fixture::of(3);
    let said = |fixture: &Fixture, number: u8, with: u8| {
        SignedStatement::sign(
            &Statement { plan: fixture.plan.derive_id(), round: 0, operator: operator(number), at: NOW, says: Says::Approve },
            keys(with),
        )
    };
    fixture.roster.0.insert(operator(2), Operator { key: keys(1).public().signing });
    assert_eq!(valid(&fixture, &[said(&fixture, 1, 1), said(&fixture, 2, 1)]), 1);
    fixture.roster.0.insert(operator(2), Operator { key: keys(0).public().signing });
    assert_eq!(valid(&fixture, &[said(&fixture, 1, 1), said(&fixture, 2, 0)]), 1);
}

#[test]
fn an_approval_is_asked_again_whenever_it_is_used() {
    let fixture = Fixture::of(3);
    let approved = approve(&fixture.plan, 0, &fixture.approvals(0, NOW), &fixture.roster, LATER).unwrap();
    assert_eq!(approved.still_holds(&fixture.roster, LATER), Ok(()));
    let mut without = fixture.roster.clone();
    without.0.remove(&operator(2));
    assert_eq!(approved.still_holds(&without, LATER), Err(NotApproved::TooFew { valid: 1 }), "an operator who left");
    let mut rekeyed = fixture.roster.clone();
    rekeyed.0.insert(operator(2), Operator { key: keys(7).public().signing });
    assert_eq!(approved.still_holds(&rekeyed, LATER), Err(NotApproved::TooFew { valid: 1 }), "whose key is another");
    assert_eq!(approved.still_holds(&fixture.roster, fixture.plan.expires), Err(NotApproved::Expired));
    assert_eq!(approve(&fixture.plan, 0, &fixture.approvals(0, NOW), &fixture.roster, fixture.plan.expires), Err(NotApproved::Expired));
}

#[test]
fn a_statement_travels_as_it_was_signed() {
    let fixture = Fixture::of(3);
    let signed = fixture.says(1, Says::Approve, 0, NOW);
    let json = serde_json::to_string(&signed).unwrap();
    assert_eq!(serde_json::from_str::<SignedStatement>(&json).unwrap(), signed);
    assert_eq!(cbor::from_slice::<SignedStatement>(&cbor::to_vec(&signed)).unwrap(), signed);
    assert!(signed.verify(&fixture.roster).is_some());
}
