//! Attachments: MS-30.

use crate::story::{Story, synced};

#[test]
fn ms_30_parts_swapped_cut_and_emptied_are_not_the_file() {
    let (story, mut laptop, mail) = Story::begin();
    let file: Vec<u8> = (0..(3_usize << 19)).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let attached = laptop.attach(mail, "passport.pdf", &mut file.as_slice()).unwrap();
    synced(&mut laptop);
    let mut phone = story.sign_in("phone").unwrap();
    for attack in ["ms-30-swap-chunks", "ms-30-truncate", "ms-30-empty"] {
        story.server.begin(attack);
        let said = phone.read_attachment(mail, attached.id, &mut Vec::new()).err().unwrap().to_string();
        assert_eq!(
            said,
            "the attachment “passport.pdf” is not what was attached: a part of it is missing, swapped or damaged: nothing of it was kept",
            "{attack}"
        );
        story.server.end();
    }
    let (mut whole, mut own) = (Vec::new(), Vec::new());
    phone.read_attachment(mail, attached.id, &mut whole).unwrap();
    laptop.read_attachment(mail, attached.id, &mut own).unwrap();
    assert!(whole == file && own == file);
}
