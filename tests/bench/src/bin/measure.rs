//! The measurements: `measure calls [--seeded]`, `measure requests GATEWAY HTTPS_GATEWAY CERTIFICATE`,
//! `measure receiver OURS THEIRS BESIDE GATEWAY`, `measure memory` and `measure fuel`.

use anyhow::{Context, Result, anyhow, bail, ensure};
use bench::component::bindings::exports::blueking::itsm::tickets::{
    FastApproval, NewTicket, Service,
};
use bench::component::{GATEWAY, Kept, Program, connection};
use bench::native::{Native, binding, new_id};
use bench::{
    CALLBACK_URL, EXPIRES_S, KEY, SMALL, body, micros, print, rate, repeated, rust_host, turns,
    withdrawn,
};
use blueking_itsm::domain::reception::{Reception, receive};
use blueking_itsm::domain::secret::Secret;
use blueking_itsm::domain::verdict::Ruling;
use blueking_itsm::domain::{binding as bindings, callback, verdict};
use rust_host::{Confirmation, Itsm, fast_approval};
use serde_json::Value;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const SIZES: [(&str, usize); 3] = [("377", SMALL), ("4k", 4 << 10), ("64k", 64 << 10)];
const CORE: &str = "native core";
/// Slower by so much, the calls of `--seeded` are to show in the table.
const SEEDED: Duration = Duration::from_micros(50);
const TAG: &str = "benchmark";
/// An entry of ITSM's list of failed callbacks.
const FAILED_BYTES: usize = 20;
/// So many tickets `reconcile` takes.
const TOGETHER: usize = 50;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["calls"] => calls(None),
        ["calls", "--seeded"] => calls(Some(SEEDED)),
        ["requests", gateway, secured, certificate] => requests(gateway, secured, certificate),
        ["receiver", ours, theirs, beside, gateway] => receivers(ours, theirs, beside, gateway),
        ["memory"] => one_thread()?.block_on(memory()),
        ["fuel"] => one_thread()?.block_on(fuel()),
        other => bail!("measure does not know {other:?}"),
    }
}

fn one_thread() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn wrong(why: impl std::fmt::Debug) -> anyhow::Error {
    anyhow!("{why:?}")
}

/// Calls that send nothing.
fn calls(seeded: Option<Duration>) -> Result<()> {
    let runtime = one_thread()?;
    let mut kept = runtime.block_on(Program::load(false)?.instance())?;
    for (name, bytes) in SIZES {
        let body = body(bytes);
        let mut ours = |calls| runtime.block_on(parse(&mut kept, &body, calls, seeded));
        let core = |calls| {
            for _ in 0..calls {
                let it = callback::parse(black_box(&body)).map_err(wrong)?;
                black_box(verdict::conclude(&it.status, it.approve_result, true));
            }
            Ok(())
        };
        let json = |calls| {
            for _ in 0..calls {
                black_box(serde_json::from_slice::<Value>(black_box(&body))?);
            }
            Ok(())
        };
        turns(&format!("rust/parse-{name}"), CORE, "us", || micros(&mut ours), || micros(core))?;
        let what = format!("native core/parse-{name}");
        turns(&what, "serde_json", "us", || micros(core), || micros(json))?;
    }
    if seeded.is_some() {
        return Ok(());
    }
    let mut ours = |calls| runtime.block_on(conclude(&mut kept, calls));
    let core = |calls| {
        for _ in 0..calls {
            black_box(verdict::conclude(black_box("FINISHED"), true, true));
        }
        Ok(())
    };
    turns("rust/conclude", CORE, "us", || micros(&mut ours), || micros(core))?;

    let headers = [binding()?.header];
    let keys = [Secret::new(KEY.to_owned())];
    let now_s = EXPIRES_S - 1;
    let mut ours = |calls| runtime.block_on(check_binding(&mut kept, &headers, now_s, calls));
    let core = |calls| {
        for _ in 0..calls {
            let it = bindings::check(&keys, black_box(&headers), CALLBACK_URL, now_s);
            black_box(it.map_err(wrong)?);
        }
        Ok(())
    };
    turns("rust/check-binding", CORE, "us", || micros(&mut ours), || micros(core))?;

    let itsm = rust_host("http://127.0.0.1:1/prod", None)?;
    let body = body(SMALL);
    let core = |calls| {
        for _ in 0..calls {
            let it = receive(&keys, &headers, CALLBACK_URL, now_s, black_box(&body));
            ensure!(matches!(it, Reception::Genuine(..)), "it was refused");
        }
        Ok(())
    };
    let host = |calls| runtime.block_on(reception(&itsm, &headers, &body, calls));
    turns("rust/receive-377", CORE, "us", || micros(host), || micros(core))?;
    let threads = |count| threads(count, &itsm, &headers, &body);
    turns("rust/receive-377, two threads", "one thread", "1/s", || threads(2), || threads(1))?;

    let native = Native::in_memory(GATEWAY);
    let mut ours = |calls| runtime.block_on(create_and_confirm(&mut kept, calls));
    let core = |calls| {
        runtime.block_on(async {
            for _ in 0..calls {
                by_core(&native).await?;
            }
            Ok(())
        })
    };
    let what = "rust/create-confirm, ITSM in memory";
    turns(what, CORE, "us", || micros(&mut ours), || micros(core))
}

async fn create_and_confirm(kept: &mut Kept, calls: u32) -> Result<()> {
    let tickets = kept.exports.blueking_itsm_tickets();
    let connection = connection();
    for _ in 0..calls {
        let tag = new_id()?;
        let ticket = NewTicket { tag: tag.clone(), ..ticket() };
        let made = tickets.call_create(&mut kept.store, &connection, &ticket).await?;
        let sn = made.map_err(wrong)?.sn;
        let found = tickets.call_confirm(&mut kept.store, &connection, &sn, &tag).await?;
        black_box(found.map_err(wrong)?);
    }
    Ok(())
}

async fn parse(kept: &mut Kept, body: &[u8], calls: u32, seeded: Option<Duration>) -> Result<()> {
    let callbacks = kept.exports.blueking_itsm_callbacks();
    for _ in 0..calls {
        let it = callbacks.call_parse(&mut kept.store, body).await?.map_err(wrong)?;
        let concluded =
            callbacks.call_conclude(&mut kept.store, &it.status, it.approve_result, true);
        black_box(concluded.await?);
        if let Some(longer) = seeded {
            std::thread::sleep(longer);
        }
    }
    Ok(())
}

/// So little is done in the component that this shows what a call itself costs.
async fn conclude(kept: &mut Kept, calls: u32) -> Result<()> {
    let callbacks = kept.exports.blueking_itsm_callbacks();
    for _ in 0..calls {
        black_box(callbacks.call_conclude(&mut kept.store, "FINISHED", true, true).await?);
    }
    Ok(())
}

async fn check_binding(
    kept: &mut Kept,
    headers: &[(String, String)],
    now_s: u64,
    calls: u32,
) -> Result<()> {
    let callbacks = kept.exports.blueking_itsm_callbacks();
    let keys = [KEY.to_owned()];
    for _ in 0..calls {
        let checked =
            callbacks.call_check_binding(&mut kept.store, &keys, headers, CALLBACK_URL, now_s);
        black_box(checked.await?.map_err(wrong)?);
    }
    Ok(())
}

async fn reception(
    itsm: &Itsm,
    headers: &[(String, String)],
    body: &[u8],
    calls: u32,
) -> Result<()> {
    for _ in 0..calls {
        let it = itsm.reception(headers, body).await?;
        ensure!(matches!(it, rust_host::Reception::Genuine(_)), "it was refused");
    }
    Ok(())
}

/// The calls a second of so many threads together.
fn threads(count: u32, itsm: &Itsm, headers: &[(String, String)], body: &[u8]) -> Result<f64> {
    let one = || -> Result<f64> {
        let runtime = one_thread()?;
        Ok(1e6 / micros(|calls| runtime.block_on(reception(itsm, headers, body, calls)))?)
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..count).map(|_| scope.spawn(one)).collect();
        let mut sum = 0.0;
        for each in all {
            sum += each.join().map_err(|_| anyhow!("a thread panicked"))??;
        }
        Ok(sum)
    })
}

/// Create and confirm by the host in Rust, as its README shows it.
fn requests(gateway: &str, secured: &str, certificate: &str) -> Result<()> {
    let runtime = Runtime::new()?;
    let ca = std::fs::read(certificate)?;
    let ca_file = Some(Path::new(certificate).to_owned());
    for (way, gateway, ca_file, ca) in
        [("", gateway, None, None), ("-https", secured, ca_file, Some(ca.as_slice()))]
    {
        let _entered = runtime.enter();
        let itsm = rust_host(gateway, ca_file)?;
        let native = Native::new(gateway, ca)?;
        for at_once in [1, 32] {
            let ours = || {
                let itsm = itsm.clone();
                async move { repeated(|| by_host(&itsm)).await }
            };
            let theirs = || {
                let native = native.clone();
                async move { repeated(|| by_core(&native)).await }
            };
            turns(
                &format!("rust/create-confirm-{at_once}{way}"),
                "native core + reqwest",
                "1/s",
                || runtime.block_on(rate(at_once, ours)),
                || runtime.block_on(rate(at_once, theirs)),
            )?;
        }
    }
    Ok(())
}

async fn by_host(itsm: &Itsm) -> Result<()> {
    let operation = itsm.prepare(fast_approval("carol", "a title", &["admin"])).await?;
    let ticket = itsm.create(&operation).await?;
    match itsm.confirm(&ticket.sn, &ticket.sn).await? {
        Confirmation::Open(_) => Ok(()),
        _ => bail!("the ticket should be open"),
    }
}

async fn by_core(native: &Native) -> Result<()> {
    let sn = native.create(&new_id()?).await?;
    match native.confirm(&sn, &sn).await? {
        Ruling::Open => Ok(()),
        _ => bail!("the ticket should be open"),
    }
}

/// Callbacks of a withdrawn ticket, at both receivers.
fn receivers(ours: &str, theirs: &str, beside: &str, gateway: &str) -> Result<()> {
    let runtime = Runtime::new()?;
    let binding = binding()?;
    let sn = binding.tag.expose();
    runtime.block_on(async { Native::new(gateway, None)?.create(sn).await })?;
    let body = withdrawn(sn);
    let path = CALLBACK_URL.trim_start_matches("http://gate.example.com");
    let client = reqwest::Client::builder().no_proxy().build()?;
    let posting = |server: &str| {
        let (name, value) = &binding.header;
        let request = client.post(format!("{server}{path}")).header(name, value);
        let request = request.header("content-type", "application/json").body(body.clone());
        async move { repeated(|| accepted(&request)).await }
    };
    let rate = |server| runtime.block_on(rate(32, || posting(server)));
    turns("receiver/callback-32", beside, "1/s", || rate(ours), || rate(theirs))
}

async fn accepted(request: &reqwest::RequestBuilder) -> Result<()> {
    let answer = request.try_clone().context("the body is a text")?.send().await?.text().await?;
    ensure!(answer.contains(r#""code":0"#), "a callback was refused: {answer}");
    Ok(())
}

/// What an instance that waits for its next call has of the machine's memory.
async fn memory() -> Result<()> {
    const INSTANCES: u32 = 1_000;
    let program = Program::load(false)?;
    let body = body(SMALL);
    parse(&mut program.instance().await?, &body, 1, None).await?;
    let mut waiting = Vec::new();
    let before = resident()?;
    for _ in 0..INSTANCES {
        let mut kept = program.instance().await?;
        parse(&mut kept, &body, 1, None).await?;
        waiting.push(kept);
    }
    let each = (resident()? - before) / f64::from(INSTANCES);
    print("rust/idle-instance", None, "bytes", &[each], &[]);

    for (name, bytes) in [("64k", 64 << 10), ("1m", 1 << 20), ("15m", 15 << 20)] {
        let mut kept = program.instance().await?;
        kept.store.data().tickets().failed = bytes / FAILED_BYTES;
        let tickets = kept.exports.blueking_itsm_tickets();
        let connection = connection();
        let among = ["REQ00000000000003".to_owned()];
        let found = tickets.call_failed_callbacks(&mut kept.store, &connection, &among);
        black_box(found.await?.map_err(wrong)?);
        let (guest, most) = (kept.store.data().memory(), 4 * bytes + (1 << 20));
        let what = format!("guest-memory/answer-{name}");
        print(&what, Some("4 n + 1 MiB"), "bytes", &[guest as f64], &[most as f64]);
    }
    Ok(())
}

/// The bytes of the machine's memory that this process has. What instances share, as the image that their memories
/// begin with, counts once.
fn resident() -> Result<f64> {
    let sums = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = sums.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no Pss")?;
    Ok(1024.0 * kib.parse::<f64>()?)
}

/// Instructions of the component, which no other work on the machine changes.
async fn fuel() -> Result<()> {
    let program = &Program::load(true)?;
    let connection = &connection();
    for (name, bytes) in SIZES {
        count(program, &format!("fuel/parse-{name}"), async |kept| {
            parse(kept, &body(bytes), 1, None).await
        })
        .await?;
    }
    let headers = [binding()?.header];
    let checking = async |kept: &mut Kept| check_binding(kept, &headers, EXPIRES_S - 1, 1).await;
    count(program, "fuel/check-binding", checking).await?;
    count(program, "fuel/create", async |kept| {
        let tickets = kept.exports.blueking_itsm_tickets();
        tickets.call_create(&mut kept.store, connection, &ticket()).await?.map_err(wrong)?;
        Ok(())
    })
    .await?;
    count(program, "fuel/confirm", async |kept| {
        kept.store.data().tickets().keep(TAG.to_owned());
        let tickets = kept.exports.blueking_itsm_tickets();
        tickets.call_confirm(&mut kept.store, connection, TAG, TAG).await?.map_err(wrong)?;
        Ok(())
    })
    .await?;

    for kib in [1, 4, 16, 64, 128, 256] {
        let body = body(kib << 10);
        count(program, &format!("growth/body/{}", body.len()), async |kept| {
            let callbacks = kept.exports.blueking_itsm_callbacks();
            // Beyond 64 KiB the answer is that the body is too large.
            black_box(callbacks.call_parse(&mut kept.store, &body).await?.is_ok());
            Ok(())
        })
        .await?;
    }
    for failed in [10, 100, 1_000, 10_000] {
        count(program, &format!("growth/failed-list/{failed}"), async |kept| {
            kept.store.data().tickets().failed = failed;
            let tickets = kept.exports.blueking_itsm_tickets();
            let among = ["REQ00000000000003".to_owned()];
            let found = tickets.call_failed_callbacks(&mut kept.store, connection, &among);
            ensure!(found.await?.map_err(wrong)? == among);
            Ok(())
        })
        .await?;
    }
    for open in [1, 10, 50, 100, 200] {
        let sns: Vec<_> = (0..open).map(|number| format!("REQ{number:014}")).collect();
        count(program, &format!("growth/reconcile/{open}"), async |kept| {
            let tickets = kept.exports.blueking_itsm_tickets();
            for sns in sns.chunks(TOGETHER) {
                let asked = tickets.call_reconcile(&mut kept.store, connection, sns);
                ensure!(asked.await?.map_err(wrong)?.len() == sns.len());
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Counts the second call of an instance: the first one also makes its memory grow.
async fn count(
    program: &Program,
    what: &str,
    call: impl AsyncFn(&mut Kept) -> Result<()>,
) -> Result<()> {
    let mut kept = program.instance().await?;
    call(&mut kept).await?;
    let before = kept.store.get_fuel()?;
    call(&mut kept).await?;
    let used = before - kept.store.get_fuel()?;
    print(what, None, "fuel", &[used as f64], &[]);
    Ok(())
}

fn ticket() -> NewTicket {
    NewTicket {
        tag: TAG.to_owned(),
        service: Service::FastApproval(FastApproval {
            approvers: vec!["admin".to_owned()],
            content: "a title".to_owned(),
        }),
        creator: "carol".to_owned(),
        title: "a title".to_owned(),
        fields: Vec::new(),
        processors: Vec::new(),
        callback: None,
        extra_json: None,
    }
}
