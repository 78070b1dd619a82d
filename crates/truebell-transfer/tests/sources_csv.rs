//! Each CSV dialect as its manager writes it, hand-made.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{describe, failure, read_as, zip};
use truebell_transfer::import::{self, Source};

#[test]
fn chrome_and_edge_logins_are_read_with_notes_commas_and_line_ends() {
    let csv = "name,url,username,password,note\r\nexample.org,https://example.org/login,ada,\"a,b\"\"c\",\r\n\
        ,android://hash@org.example.app/,bob,pw,\"line one\r\nline two\"\r\n";
    insta::assert_snapshot!(describe(&read_as(Source::Chrome, "Chrome Passwords.csv", csv.as_bytes())), @r#"
    Login "example.org" (ada)
      site https://example.org/login 
      username Text "ada"
      password Concealed "a,b\"c"
    Login "org.example.app" (bob)
      site android://hash@org.example.app/ 
      username Text "bob"
      password Concealed "pw"
      note "line one\r\nline two"
    "#);
    assert_eq!(import::detect("Microsoft Edge Passwords.csv", csv.as_bytes()), Some(Source::Edge));
    let old = "name,url,username,password\nexample.org,https://example.org/,ada,pw\n";
    insta::assert_snapshot!(describe(&read_as(Source::Edge, "edge.csv", old.as_bytes())), @r#"
    Login "example.org" (ada)
      site https://example.org/ 
      username Text "ada"
      password Concealed "pw"
    "#);
}

#[test]
fn firefox_logins_are_named_after_their_site_and_keep_the_realm() {
    let csv = "\"url\",\"username\",\"password\",\"httpRealm\",\"formActionOrigin\",\"guid\",\"timeCreated\",\"timeLastUsed\",\"timePasswordChanged\"\r\n\
        \"https://www.example.org\",\"ada\",\"pw\",,\"https://www.example.org\",\"{5ec0d12f}\",\"1589617814635\",\"1589710449871\",\"1589617846802\"\r\n\
        \"https://intra.example.org\",\"ada\",\"pw2\",\"Staff only\",,\"{5ec0d130}\",\"1589617814635\",\"\",\"1589617814635\"\r\n";
    insta::assert_snapshot!(describe(&read_as(Source::Firefox, "logins.csv", csv.as_bytes())), @r#"
    Login "example.org" (ada) 1589617814635..1589617846802
      site https://www.example.org 
      username Text "ada"
      password Concealed "pw"
    Login "intra.example.org" (ada) 1589617814635..1589617814635
      site https://intra.example.org 
      username Text "ada"
      password Concealed "pw2"
      "httpRealm" Text "Staff only"
    line 2 | example.org | timeLastUsed | lost | the time of the last use is not kept
    "#);
}

#[test]
fn safari_logins_are_read_with_one_time_passwords_and_without() {
    let csv =
        "Title,URL,Username,Password,Notes,OTPAuth\nexample.org (ada),https://example.org/,ada,pw,note,otpauth://totp/x?secret=JBSWY3DP\n";
    insta::assert_snapshot!(describe(&read_as(Source::Safari, "Passwords.csv", csv.as_bytes())), @r#"
    Login "example.org (ada)" (ada)
      site https://example.org/ 
      username Text "ada"
      password Concealed "pw"
      totp Totp "otpauth://totp/x?secret=JBSWY3DP"
      note "note"
    "#);
    let old = "Title,URL,Username,Password\nexample.org,https://example.org/,ada,pw\n";
    insta::assert_snapshot!(describe(&read_as(Source::Safari, "Passwords.csv", old.as_bytes())), @r#"
    Login "example.org" (ada)
      site https://example.org/ 
      username Text "ada"
      password Concealed "pw"
    "#);
}

#[test]
fn onepassword_tables_are_not_taken_for_safaris() {
    let csv =
        "Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes\nExample,https://example.org,ada,pw,,true,true,work;mail,n\n";
    insta::assert_snapshot!(describe(&read_as(Source::OnePasswordCsv, "x.csv", csv.as_bytes())), @r#"
    Login "Example" (ada) #mail #work favourite archived
      site https://example.org 
      username Text "ada"
      password Concealed "pw"
      note "n"
    "#);
}

#[test]
fn lastpass_logins_and_typed_notes_are_read() {
    let csv = "url,username,password,totp,extra,name,grouping,fav\n\
        https://example.org,ada,pw,JBSWY3DP,\"two\nlines\",Example,Work\\Mail,1\n\
        http://sn,,,,plain text,A note,(none),0\n\
        http://sn,,,,\"NoteType:Credit Card\nLanguage:en-US\nName on Card:Ada L\nType:Visa\nNumber:4111111111111111\nSecurity Code:123\n\
        Start Date:,\nExpiration Date:June,2029\nNotes:first: line\nNumber:not a field\",Card,,0\n\
        http://sn,,,,\"NoteType:SSH Key\nBit Strength:2048\nPrivate Key:-----BEGIN KEY-----\nabc: def\n-----END KEY-----\nPublic Key:ssh-rsa AAA\",Key,,0\n\
        http://sn,,,,\"NoteType:Bank Account\nBank Name:B\nAccount Number:1\",Bank,,0\n\
        http://sn,,,,\"NoteType:Custom_1\nFoo:bar\",Own,,0\n\
        http://group,,,,,,Work,0\n";
    insta::assert_snapshot!(describe(&read_as(Source::LastPass, "lastpass.csv", csv.as_bytes())), @r#"
    Login "Example" (ada) #Work/Mail favourite
      site https://example.org 
      username Text "ada"
      password Concealed "pw"
      totp Totp "JBSWY3DP"
      note "two\nlines"
    SecureNote "A note"
      note "plain text"
    Card "Card" (•••• 1111)
      cardholder Text "Ada L"
      brand Text "Visa"
      number Concealed "4111111111111111"
      cvv Concealed "123"
      expires Month "2029-06"
      note "first: line\nNumber:not a field"
    SshKey "Key"
      "Bit Strength" Text "2048"
      private-key PrivateKey "-----BEGIN KEY-----\nabc: def\n-----END KEY-----"
      public-key Text "ssh-rsa AAA"
    SecureNote "Bank"
      "note type" Text "Bank Account"
      "Bank Name" Text "B"
      "Account Number" Concealed "1"
    SecureNote "Own"
      note "NoteType:Custom_1\nFoo:bar"
    line 21 | Bank | type | changed | there is no category of its own for it; every field is kept in a secure note
    line 26 | Work | (whole record) | lost | folders become tags of the items in them
    "#);
}

#[test]
fn dashlanes_files_are_read_one_by_one_and_in_their_zip() {
    let credentials = "username,username2,username3,title,password,note,url,category,otpUrl\n\
        ada,countess,,Example,pw,n,https://example.org,Work,otpauth://totp/x?secret=JBSWY3DP\n";
    let payments = "type,account_name,account_holder,cc_number,code,expiration_month,expiration_year,routing_number,account_number,country,issuing_bank\n\
        payment_card,Visa,Ada L,4111111111111111,123,6,2029,,,GB,Bank\nbank,Giro,Ada L,,,,,99,12345,GB,Bank\n";
    let ids = "type,number,name,issue_date,expiration_date,place_of_issue,state\npassport,P1,Ada Lovelace,2020-1-2,2030-1-2,London,\n";
    let personal = "type,title,first_name,middle_name,last_name,login,date_of_birth,place_of_birth,email,email_type,item_name,phone_number,address,country,state,city,zip,address_recipient,address_building,address_apartment,address_floor,address_door_code,job_title,url\n\
        name,MRS,Ada,,Lovelace,ada,1815-12-10,London,,,,,,,,,,,,,,,,\naddress,,,,,,,,,,Home,,St James Sq,GB,,London,SW1,,,,,,,\n";
    let notes = "title,note\nMemo,text\n";
    let wifi = "ssid,passphrase,name,note,hidden,encryption_type\nhome,pw,,,false,WPA2\n";
    for part in [credentials, payments, ids, personal, notes, wifi] {
        assert_eq!(import::detect("x.csv", part.as_bytes()), Some(Source::Dashlane), "{part}");
    }
    let zip = zip(&[
        ("credentials.csv", credentials.as_bytes()),
        ("ids.csv", ids.as_bytes()),
        ("payments.csv", payments.as_bytes()),
        ("personalInfo.csv", personal.as_bytes()),
        ("securenotes.csv", notes.as_bytes()),
        ("wifi.csv", wifi.as_bytes()),
        ("readme.txt", b"hello"),
    ]);
    insta::assert_snapshot!(describe(&read_as(Source::Dashlane, "dashlane.zip", &zip)), @r#"
    Login "Example" (ada) #Work
      site https://example.org 
      username Text "ada"
      password Concealed "pw"
      totp Totp "otpauth://totp/x?secret=JBSWY3DP"
      "username2" Text "countess"
      note "n"
    Identity "Ada Lovelace passport" (Ada Lovelace)
      first-name Text "Ada"
      last-name Text "Lovelace"
      passport-number Concealed "P1"
      "type" Text "passport"
      "issue date" Date "2020-01-02"
      "expiration date" Date "2030-01-02"
      "place_of_issue" Text "London"
    Card "Visa" (•••• 1111)
      expires Month "2029-06"
      cardholder Text "Ada L"
      number Concealed "4111111111111111"
      cvv Concealed "123"
      issuer Text "Bank"
      "country" Text "GB"
    SecureNote "Giro"
      "type" Text "bank"
      "account holder" Text "Ada L"
      "issuing bank" Text "Bank"
      "routing_number" Concealed "99"
      "account_number" Concealed "12345"
      "country" Text "GB"
    Identity "Ada Lovelace" (Ada Lovelace)
      "type" Text "name"
      title Text "MRS"
      first-name Text "Ada"
      last-name Text "Lovelace"
      username Text "ada"
      birth-date Date "1815-12-10"
      "place_of_birth" Text "London"
    Identity "Home"
      "type" Text "address"
      address Address "St James Sq\nSW1 London\nGB"
    SecureNote "Memo"
      note "text"
    Wifi "home" (home)
      ssid Text "home"
      password Concealed "pw"
      security Text "WPA2"
      "hidden" Text "false"
    payments.csv line 3 | Giro | type | changed | there is no category of its own for it; every field is kept in a secure note
    "#);
}

#[test]
fn nordpass_rows_of_every_kind_are_read() {
    let csv = "name,url,additional_urls,username,password,note,cardholdername,cardnumber,cvc,pin,expirydate,zipcode,folder,full_name,phone_number,email,address1,address2,city,country,state,type,custom_fields\n\
        Example,https://example.org,\"[\"\"https://two.example.org\"\"]\",ada,pw,n,,,,,,,Work,,,,,,,,,password,\"[{\"\"label\"\":\"\"Hint\"\",\"\"type\"\":\"\"hidden\"\",\"\"value\"\":\"\"x\"\"}]\"\n\
        Visa,,,,,,Ada L,4111111111111111,123,0000,06/29,,,,,,,,,,,credit_card,\n\
        Me,,,,,,,,,,,SW1,,Ada Lovelace,555,ada@example.org,St James Sq,,London,GB,,identity,\n\
        Memo,,,,,text,,,,,,,,,,,,,,,,note,\n\
        Work,,,,,,,,,,,,,,,,,,,,,folder,\n";
    insta::assert_snapshot!(describe(&read_as(Source::NordPass, "nordpass.csv", csv.as_bytes())), @r#"
    Login "Example" (ada) #Work
      site https://example.org 
      site https://two.example.org 
      "Hint" Concealed "x"
      username Text "ada"
      password Concealed "pw"
      note "n"
    Card "Visa" (•••• 1111)
      expires Month "2029-06"
      cardholder Text "Ada L"
      number Concealed "4111111111111111"
      cvv Concealed "123"
      pin Concealed "0000"
    Identity "Me" (Ada Lovelace)
      first-name Text "Ada"
      last-name Text "Lovelace"
      address Address "St James Sq\nSW1 London\nGB"
      email Email "ada@example.org"
      phone Phone "555"
    SecureNote "Memo"
      note "text"
    line 6 | Work | (whole record) | lost | folders become tags of the items in them
    "#);
}

#[test]
fn proton_pass_csv_rows_are_read_with_packed_cards() {
    let csv = "type,name,url,email,username,password,note,totp,createTime,modifyTime,vault\n\
        login,Example,\"https://example.org, https://two.example.org\",ada@example.org,ada,pw,n,JBSWY3DP,1689182868,1689182900,Personal\n\
        login,Mail only,https://m.example.org,ada@example.org,,pw,,,1689182868,1689182868,Personal\n\
        alias,Shop,,x.y@alias.example,,,,,1689182868,1689182868,Personal\n\
        creditCard,Visa,,,,,\"{\"\"cardholderName\"\":\"\"Ada L\"\",\"\"cardType\"\":0,\"\"number\"\":\"\"4111111111111111\"\",\"\"verificationNumber\"\":\"\"123\"\",\"\"expirationDate\"\":\"\"2029-06\"\",\"\"pin\"\":\"\"\"\",\"\"note\"\":\"\"cn\"\"}\",,1689182868,1689182868,Personal\n";
    insta::assert_snapshot!(describe(&read_as(Source::ProtonPassCsv, "Proton Pass.csv", csv.as_bytes())), @r#"
    Login "Example" (ada) #Personal 1689182868000..1689182900000
      site https://example.org 
      site https://two.example.org 
      username Text "ada"
      "email" Email "ada@example.org"
      password Concealed "pw"
      totp Totp "JBSWY3DP"
      note "n"
    Login "Mail only" (ada@example.org) #Personal 1689182868000..1689182868000
      site https://m.example.org 
      username Text "ada@example.org"
      password Concealed "pw"
    Login "Shop" #Personal 1689182868000..1689182868000
      "alias" Email "x.y@alias.example"
    Card "Visa" (•••• 1111) #Personal 1689182868000..1689182868000
      cardholder Text "Ada L"
      number Concealed "4111111111111111"
      cvv Concealed "123"
      expires Month "2029-06"
      note "cn"
    "#);
}

#[test]
fn bitwarden_and_keepassxc_tables_are_read() {
    let csv = "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n\
        Work,1,login,Example,n,\"PIN: 1234\nodd\",1,\"https://example.org/a,b,https://two.example.org\",ada,pw,JBSWY3DP\n\
        ,,note,Memo,text,,0,,,,\n";
    insta::assert_snapshot!(describe(&read_as(Source::BitwardenCsv, "bitwarden.csv", csv.as_bytes())), @r#"
    Login "Example" (ada) #Work favourite
      site https://example.org/a,b 
      site https://two.example.org 
      "PIN" Text "1234"
      "" Text "odd"
      username Text "ada"
      password Concealed "pw"
      totp Totp "JBSWY3DP"
      note "n"
    SecureNote "Memo"
      note "text"
    line 2 | Example | password re-prompt | lost | Truebell has no re-prompt for single items
    "#);
    let csv = "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\",\"Last Modified\",\"Created\"\n\
        \"Passwords/Work/Mail\",\"Example\",\"ada\",\"pw\",\"https://example.org\",\"n\",\"otpauth://totp/x?secret=JBSWY3DP\",\"3\",\"2023-07-12T17:28:20Z\",\"2023-07-12T17:27:48Z\"\n";
    insta::assert_snapshot!(describe(&read_as(Source::KeePassXcCsv, "k.csv", csv.as_bytes())), @r#"
    Login "Example" (ada) #Work/Mail 1689182868000..1689182900000
      site https://example.org 
      username Text "ada"
      password Concealed "pw"
      totp Totp "otpauth://totp/x?secret=JBSWY3DP"
      note "n"
    line 2 | Example | icon | lost | looks of an entry are not carried
    "#);
}

#[test]
fn one_time_passwords_that_make_no_codes_are_kept_and_reported() {
    let csv = "Title,URL,Username,Password,Notes,OTPAuth\nA,https://a.example,a,p,,otpauth://hotp/x?secret=JBSWY3DP&counter=1\nB,https://b.example,b,p,,not base32!\n";
    insta::assert_snapshot!(describe(&read_as(Source::Safari, "Passwords.csv", csv.as_bytes())), @r#"
    Login "A" (a)
      site https://a.example 
      username Text "a"
      password Concealed "p"
      totp Totp "otpauth://hotp/x?secret=JBSWY3DP&counter=1"
    Login "B" (b)
      site https://b.example 
      username Text "b"
      password Concealed "p"
      totp Totp "not base32!"
    item 1 | A | one-time password | changed | it is kept as it is, but makes no codes: this one-time password counts uses instead of time (HOTP), which Truebell does not make: keep it in the app it is in
    item 2 | B | one-time password | changed | it is kept as it is, but makes no codes: the one-time password's secret has a character that is not a letter A-Z or a digit 2-7 (character 11): copy it again from the site
    "#);
}

#[test]
fn columns_nobody_knows_become_custom_fields() {
    let csv = "name;url;username;password;note;Security Question\nExample;https://example.org;ada;pw;;Mother?\n";
    insta::assert_snapshot!(describe(&read_as(Source::Chrome, "x.csv", csv.as_bytes())), @r#"
    Login "Example" (ada)
      site https://example.org 
      username Text "ada"
      password Concealed "pw"
      "Security Question" Concealed "Mother?"
    "#);
}

#[test]
fn tables_that_are_damaged_or_foreign_give_one_sentence_and_nothing_else() {
    let head = "name,url,username,password,note\n";
    let cases: [(Source, &[u8]); 7] = [
        (Source::Chrome, b""),
        (Source::Firefox, head.as_bytes()),
        (Source::Chrome, b"name,url,username,password\na,b,c\n"),
        (Source::Chrome, b"name,url,username,password\na,b,c,\"d\n\n"),
        (Source::Chrome, b"name,url,username,password\na,b,c,d\n\xff\xfe,b,c,d\n"),
        (Source::LastPass, b"\xff\xfeu\0r\0l\0"),
        (Source::Dashlane, b"PK\x03\x04nothing"),
    ];
    let sentences: Vec<String> = cases.iter().map(|(source, bytes)| failure(*source, bytes, None)).collect();
    insta::assert_snapshot!(sentences.join("\n"), @r#"
    this is not a Chrome CSV file: it is empty
    this is not a Firefox CSV file: its first line must name the columns url, username, password, httprealm, formactionorigin
    this Chrome CSV file is damaged at line 2: it has 3 of the 4 columns the first line names; nothing was imported, please export it again
    this Chrome CSV file is damaged at line 2: a quote that opens there is never closed; nothing was imported, please export it again
    line 3 is not UTF-8 text; save the file as UTF-8 (in a spreadsheet: "CSV UTF-8") and import it again
    line 1 is not UTF-8 text; save the file as UTF-8 (in a spreadsheet: "CSV UTF-8") and import it again
    this Dashlane CSV file is damaged at its table of contents: it is not a whole zip archive; nothing was imported, please export it again
    "#);
}
