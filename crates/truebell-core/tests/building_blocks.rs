//! The published vectors of what we build on: Wycheproof for ChaCha20-Poly1305, Ed25519 and HKDF-SHA256, RFC 9106 for Argon2id.
//!
//! They run through the same crates and versions the formats use; Ed25519 through our own type, with its stricter rules.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use truebell_core::sign::{PublicKey, Purpose, Signature};

#[test]
fn chacha20_poly1305_passes_wycheproof() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::ChaCha20Poly1305).unwrap();
    let mut ran = 0;
    for test in set.test_groups.iter().filter(|group| group.nonce_size == 96).flat_map(|group| &group.tests) {
        let key: [u8; 32] = test.key.as_ref().try_into().unwrap();
        let nonce: [u8; 12] = test.nonce.as_ref().try_into().unwrap();
        let cipher = ChaCha20Poly1305::new(&Key::from(key));
        let sealed = [test.ct.as_ref(), test.tag.as_ref()].concat();
        let opened = cipher.decrypt(&Nonce::from(nonce), Payload { msg: &sealed, aad: test.aad.as_ref() });
        assert_eq!(opened.ok().as_deref(), (!test.result.must_fail()).then_some(test.pt.as_ref()), "test {}", test.tc_id);
        ran += 1;
    }
    assert!(ran > 300, "{ran} vectors");
}

#[test]
fn ed25519_passes_wycheproof() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let mut ran = 0;
    for group in &set.test_groups {
        let key = PublicKey(group.key.pk.as_ref().try_into().unwrap());
        for test in &group.tests {
            let verified = <[u8; 64]>::try_from(test.sig.as_ref())
                .is_ok_and(|signature| key.verify(Purpose::Jws, test.msg.as_ref(), &Signature(signature)).is_ok());
            assert_eq!(verified, !test.result.must_fail(), "test {}: {}", test.tc_id, test.comment);
            ran += 1;
        }
    }
    assert!(ran > 100, "{ran} vectors");
}

#[test]
fn hkdf_sha256_passes_wycheproof() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut ran = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut okm = vec![0; test.size];
        let expanded = hkdf::Hkdf::<sha2::Sha256>::new(Some(test.salt.as_ref()), test.ikm.as_ref()).expand(test.info.as_ref(), &mut okm);
        assert_eq!(expanded.is_ok(), !test.result.must_fail(), "test {}", test.tc_id);
        if expanded.is_ok() {
            assert_eq!(okm, test.okm.as_ref(), "test {}", test.tc_id);
        }
        ran += 1;
    }
    assert!(ran > 80, "{ran} vectors");
}

#[test]
fn argon2id_gives_rfc_9106_section_5_3() {
    let params = argon2::ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .output_len(32)
        .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
        .build()
        .unwrap();
    let argon2 = argon2::Argon2::new_with_secret(&[3; 8], argon2::Algorithm::Argon2id, argon2::Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
    assert_eq!(data_encoding::HEXLOWER.encode(&tag), expected);
}
