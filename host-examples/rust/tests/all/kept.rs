//! Instances are kept from call to call: which ones, and that they remember no secret.

use crate::set_up::{settings, until};
use component_tests::{Memory, Scripted, Step, answer, envelope, watched_component};
use fake_itsm::{FakeItsm, Options};
use rust_host::{
    CallbackTarget, Endpoint, Error, Itsm, Language, Operation, Reception, Settings, fast_approval,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A host, and the memory of its instances.
fn host(settings: Settings) -> (Itsm, Memory) {
    let (component, memory) = watched_component();
    (Itsm::with_component(&component, settings, Arc::new(drop)).unwrap(), memory)
}

fn of(url: &str) -> Settings {
    settings(format!("{url}/api/bk-itsm/prod"), "http://127.0.0.1:9/callback".into())
}

async fn create(itsm: &Itsm) -> Result<String, Error> {
    let operation = itsm.prepare(fast_approval("carol", "t", &["admin"])).await.unwrap();
    Ok(itsm.create(&operation).await?.sn)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_one_after_another_share_an_instance_and_calls_at_once_do_not() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let (itsm, memory) = host(of(&fake.url()));
    for itsm in [&itsm, &itsm.within(Duration::from_secs(60)), &itsm.speaking(Language::Chinese)] {
        create(itsm).await.unwrap();
    }
    assert_eq!((memory.made(), memory.kept().len()), (1, 1));
    // A limit to memory is an instance's for all its life.
    create(&itsm.with_memory(8 << 20)).await.unwrap();
    create(&itsm).await.unwrap();
    assert_eq!((memory.made(), memory.kept().len()), (2, 1));

    let silent = Scripted::always(vec![Step::Hang]).await;
    let (itsm, memory) = host(of(&silent.url()));
    let asking = itsm.clone();
    let asking = tokio::spawn(async move { asking.confirm_own("REQ1").await });
    until("a request", || !silent.received().is_empty()).await;
    itsm.accept().await.unwrap();
    assert_eq!(memory.made(), 2);
    asking.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_thrown_away_after_a_call_that_did_not_end_well_or_left_it_large_or_old() {
    let long = json!({"sn": "REQ1", "id": 1, "ticket_url": "x".repeat(3 << 20)});
    let large = Scripted::always(vec![envelope(&long)]).await;
    let silent = Scripted::always(vec![Step::Hang]).await;

    let (itsm, memory) = host(of(&large.url()));
    assert_eq!(create(&itsm).await.unwrap(), "REQ1");
    assert_eq!((memory.made(), memory.kept().len()), (1, 0), "a large one");
    let small = itsm.with_memory(3 << 20);
    let error = create(&small).await.unwrap_err();
    assert!(matches!(error, Error::Stopped(_)), "{error}");
    assert_eq!((memory.made(), memory.kept().len()), (2, 0), "one that trapped");

    let (itsm, memory) = host(of(&silent.url()));
    let given_up = tokio::time::timeout(Duration::from_millis(200), itsm.confirm_own("REQ1")).await;
    assert!(given_up.is_err());
    assert_eq!((memory.made(), memory.kept().len()), (1, 0), "one whose call was given up");
    let failed = itsm.within(Duration::from_millis(200)).confirm_own("REQ1").await;
    assert!(matches!(failed, Err(Error::Failed { .. })), "{failed:?}");
    assert_eq!((memory.made(), memory.kept().len()), (2, 1), "a failure is an answer");

    for _ in 0..1_000 {
        itsm.accept().await.unwrap();
    }
    assert_eq!((memory.made(), memory.kept().len()), (3, 1), "an old one");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_may_ask_another_server_is_never_kept() {
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let other = Scripted::always(vec![answer(200, &[], r#"{"code": 0}"#)]).await;
    let (itsm, memory) = host(of(&fake.url()));
    let target = CallbackTarget { url: format!("{}/callback", other.url()), headers: vec![] };
    itsm.check_callback_url(&target).await.unwrap().unwrap();
    assert_eq!((memory.made(), memory.kept().len()), (1, 0));
    let sn = create(&itsm).await.unwrap();
    assert!(itsm.confirm_own(&sn).await.is_ok());
    assert_eq!(other.received().len(), 1);
}

/// Whoever finds so many bytes of a secret in a row has found it.
const TELLING: usize = 10;

/// The pieces of secrets, by their bytes, with the names of the secrets.
#[derive(Default)]
struct Canaries(BTreeMap<Vec<u8>, String>);

impl Canaries {
    fn add(&mut self, name: &str, secret: &[u8]) {
        assert!(secret.len() >= TELLING, "{name}");
        for piece in secret.windows(TELLING) {
            self.0.insert(piece.to_vec(), name.to_owned());
        }
    }

    /// A key: its digits, and its bytes as HMAC has them, also in words of either order.
    fn add_key(&mut self, digits: &str) {
        self.add("a key's digits", digits.as_bytes());
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let key: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
        for pad in [0, 0x36, 0x5c] {
            let padded: Vec<u8> = key.iter().map(|byte| byte ^ pad).collect();
            let turned = padded.chunks(4).flat_map(|word| word.iter().rev()).copied();
            self.add(&format!("a key's bytes, padded with {pad:x}"), &padded);
            self.add(&format!("a key's words, padded with {pad:x}"), &turned.collect::<Vec<_>>());
        }
    }

    fn add_operation(&mut self, operation: &Operation) {
        let stored = json!(operation);
        self.add("a tag", stored["ticket"]["tag"].as_str().unwrap().as_bytes());
        for (_, header) in operation.callback_headers() {
            self.add("a header", header.rsplit_once('.').unwrap().1.as_bytes());
        }
    }

    /// What is found of them in the memory of the instances that are kept.
    fn found(&self, memory: &Memory) -> Vec<String> {
        let mut found = Vec::new();
        for content in memory.kept() {
            // Most of it is zero, and this search is not optimised.
            let pieces = content.windows(TELLING).enumerate().filter(|(_, piece)| piece[0] != 0);
            let named = pieces.filter_map(|(at, piece)| Some((at, self.0.get(piece)?)));
            found.extend(named.map(|(at, name)| format!("{name} at {at}")));
        }
        found
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_kept_remembers_no_secret() {
    const KEY: &str = "9d1c5b7fe2a84630c8b15e7d92f4a6b38e0d7c415fa92b6ed3708c19f5e4a2b7";
    // None has words that the component itself has, such as `app-secret`.
    const APP_SECRET: &str = "what-the-canary-of-an-app-sings";
    const ACCESS_TOKEN: &str = "for-a-user-the-canary-sings";
    const CALLBACK_TOKEN: &str = "the-canary-tells-whom-it-knows";
    let mut canaries = Canaries::default();
    for secret in [APP_SECRET, ACCESS_TOKEN, CALLBACK_TOKEN] {
        canaries.add(secret, secret.as_bytes());
    }
    canaries.add_key(KEY);

    // Tickets with a callback, and what the callback proves.
    let fake = FakeItsm::start(Options::default()).await.unwrap();
    let mut settings = of(&fake.url());
    settings.app_secret = APP_SECRET.into();
    settings.callback.as_mut().unwrap().keys = vec![format!("itsm-key.t.{KEY}")];
    let (itsm, memory) = host(settings.clone());
    let operation = itsm.prepare(fast_approval("carol", "t", &["admin"])).await.unwrap();
    canaries.add_operation(&operation);
    assert_eq!(canaries.found(&memory), [""; 0]);
    let sn = itsm.create(&operation).await.unwrap().sn;
    itsm.recover(&operation).await.unwrap();
    fake.approve(&sn, "admin").await.unwrap();
    let body = json!({"sn": sn, "current_status": "FINISHED", "token": CALLBACK_TOKEN});
    let headers = operation.callback_headers();
    let refused = itsm.reception(headers, body.to_string().as_bytes()).await.unwrap();
    assert!(matches!(refused, Reception::Refused(_)));
    let body = json!({"sn": sn, "current_status": "FINISHED", "approve_result": true,
                      "title": "t", "token": CALLBACK_TOKEN});
    let received = itsm.reception(headers, body.to_string().as_bytes()).await.unwrap();
    let Reception::Genuine(genuine) = received else { panic!("it is refused") };
    assert_eq!(canaries.found(&memory), [""; 0]);
    itsm.confirm(&sn, &genuine.bound.tag).await.unwrap();
    itsm.confirm("REQ1", &genuine.bound.tag).await.unwrap();
    itsm.verify_token(CALLBACK_TOKEN).await.unwrap();
    assert_eq!((memory.made(), memory.kept().len()), (1, 1));
    assert_eq!(canaries.found(&memory), [""; 0]);

    // The component writes the credentials itself, and the server repeats them.
    let repeats =
        json!({"result": false, "code": 1, "message": format!("{APP_SECRET} {ACCESS_TOKEN}")});
    let server = Scripted::always(vec![answer(500, &[], &repeats.to_string())]).await;
    for url in [fake.url(), server.url()] {
        settings.endpoint = Endpoint::EsbLegacy(url);
        settings.access_token = Some(ACCESS_TOKEN.into());
        settings.callback = None;
        let (itsm, memory) = host(settings.clone());
        let itsm = itsm.within(Duration::from_secs(2));
        let operation = itsm.prepare(fast_approval("carol", "t", &["admin"])).await.unwrap();
        canaries.add_operation(&operation);
        let created = itsm.create(&operation).await;
        let sn = created.map_or("REQ1".to_owned(), |created| created.sn);
        let _ = itsm.confirm_own(&sn).await;
        let _ = itsm.diagnose().await;
        assert!(!memory.kept().is_empty());
        assert_eq!(canaries.found(&memory), [""; 0]);
    }
}
