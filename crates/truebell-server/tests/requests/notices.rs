//! Check codes: genuine with its proof, or never sent. A store that fails says neither.

use super::person::Person;
use super::world::World;
use truebell_core::event::{Chain, Trust, read_signed, verify};
use truebell_core::hash::Hash32;
use truebell_core::letter::Enclosed;
use truebell_core::wire::notice::{Checked, Proof, Verdict};

#[tokio::test]
async fn a_code_is_genuine_with_the_event_that_proves_it_or_was_never_sent() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let mail = world.store.claim_mail(world.now(), world.now()).await.unwrap().unwrap();
    let enclosed: Enclosed = serde_json::from_str(&mail.mail.values).unwrap();
    let code = enclosed.open(world.identity.server, &world.identity.key).unwrap().code().to_string();
    let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
    let reply = world.get(&format!("/v1/notices/{}", typed.replace(' ', "%20"))).send().await;
    insta::assert_snapshot!(reply.text(), @r#"{"code":"QCSBP-6SKBG","verdict":"genuine","kind":"account-created","at":1795392000000,"server":"srv_2ybsf5wqjybsf5wqjybsf5wqjy","server_key":"XjSK0EUDQZIaLqEzb4G2z3x_W-QVPJsbr9tzv133FLc","account":"acc_7tjtcsxysd145p5cx0wdvnjvjq","account_key":"UhfWJ2FgdSR84EN_rz0zrOsETc4VxyTj4m4SLpgoBek","event":"eyJhbGciOiJFZERTQSIsInR5cCI6InNlY2V2ZW50K2p3dCJ9.eyJpc3MiOiJ1cm46dHJ1ZWJlbGw6c3J2XzJ5YnNmNXdxanlic2Y1d3FqeWJzZjV3cWp5IiwianRpIjoiZXZ0XzVqM3RiajNrOGJrYnh4YWtobTh0ZTMxMXQyIiwiaWF0IjoxNzk1MzkyMDAwLCJzdWJfaWQiOnsiZm9ybWF0Ijoib3BhcXVlIiwiaWQiOiJhY2NfN3RqdGNzeHlzZDE0NXA1Y3gwd2R2bmp2anEifSwiZXZlbnRzIjp7InVybjp0cnVlYmVsbDpldmVudDphY2NvdW50LWNyZWF0ZWQiOnsiZXZlbnRfdGltZXN0YW1wIjoxNzk1MzkyMDAwfX0sInVybjp0cnVlYmVsbDphY3QiOiJleUpoYkdjaU9pSkZaRVJUUVNJc0luUjVjQ0k2SW5SeWRXVmlaV3hzTFdGamRDdHFkM1FpZlEuZXlKaFkyTnZkVzUwSWpvaVlXTmpYemQwYW5SamMzaDVjMlF4TkRWd05XTjRNSGRrZG01cWRtcHhJaXdpWkdWMmFXTmxJam9pWkdWMlh6RmthR3RxTlRKb2NqQjRabVY0TkhCalpubGtibU16WWpRMElpd2laR1YyYVdObFgyNWhiV1VpT2lKc1lYQjBiM0FpTENKelpYRWlPakVzSW5CeVpYWWlPaUpCUVVGQlFVRkJRVUZCUVVGQlFVRkJRVUZCUVVGQlFVRkJRVUZCUVVGQlFVRkJRVUZCUVVGQlFVRkJJaXdpWlhCdlkyZ2lPakVzSW1GMElqb3hOemsxTXpreU1EQXdNREF3TENKM2FHRjBJanA3SW1seklqb2lZV05qYjNWdWRDMWpjbVZoZEdWa0lpd2laR1YyYVdObFgydGxlU0k2SWkwNVIzQTROa2hGZGxoT1FuSmhhRWRrZEhCWFlVMVlTV3hHTWpRM2FIcGxjamRNYlhKSlFrNVFlVmtpZlgwLnVmTjlIajNfMzNfaEltNS12NDNCREVoR0xwNXVvSlAyZzNhZUxudm5BNmloNnEyR0I3TDl1Znk3S2lLeEY3eF9FSUdHeDhUMmx0cDVMQlBscVpjd0JBIn0.JlTHm4m5r5vtbdx6lXsNxFhJ1JF1p_1rAVLRPQIVOQ2Ivqoci3-zSEkPFqcAuSG7-PbabUys5RlVbaHx6F4DCg"}"#);
    let Verdict::Genuine(Proof { kind, event, server, server_key, account, account_key, at }) = reply.json::<Checked>().verdict else {
        panic!("the code is genuine");
    };
    assert_eq!((kind.as_str(), at, account), ("account-created", world.now(), ada.account));
    let trust = Trust { server, server_key, account, account_key };
    assert_eq!(read_signed(&event, &trust).unwrap().code().as_str(), code);
    assert_eq!(verify(&event, &trust, &Chain::default()).unwrap().digest, Hash32::derive_plain(event.as_bytes()));
    insta::assert_snapshot!(world.get("/v1/notices/7KQ4F-2M9XB").send().await.text(), @r#"{"code":"7KQ4F-2M9XB","verdict":"never-sent"}"#);
    insta::assert_snapshot!(world.get("/v1/notices/hello").send().await.text(), @r#"{"type":"https://truebell.org/problems/malformed","title":"The request is not one this server understands: update Truebell.","status":400,"detail":"A check code has ten letters and digits, as in 7KQ4F-2M9XB, and this has 5: copy it again from the notice."}"#);
}
