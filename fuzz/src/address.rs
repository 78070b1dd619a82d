//! Mail addresses as people type them.

use truebell_core::address::Address;

/// What is taken stays as it is when it is read again, has one key whatever its spelling, and its mask tells less.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(address) = Address::parse(text) else { return };
    let again = Address::parse(address.as_str()).expect("what was taken is taken again");
    assert_eq!((again.as_str(), again.key()), (address.as_str(), address.key()));
    let key = Address::parse(&address.key()).expect("a key is an address");
    assert_eq!(key.key(), address.key(), "the key of a key is another");
    assert!(address.masked().chars().count() <= address.as_str().chars().count() + 1);
}
