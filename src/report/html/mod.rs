//! `report.html`: one page that shows a run, complete in itself. Style, script, charts and data are inside; it
//! asks no network for anything. What comes from objects enters as text only: the template escapes it, the
//! script sets it as text content.

mod history;
pub mod sweep;
mod tables;
mod waiting;

use minijinja::{Environment, Value, context};
use serde_json::json;

use super::charts::{Chart, Scene, grouped};
use super::{ReportError, transcript, words};
use crate::record::{Record, Summary};

const TEMPLATE: &str = include_str!("report.html");
pub(super) const STYLE: &str = include_str!("report.css");
const SCRIPTS: [&str; 5] = [
    include_str!("page.js"),
    include_str!("tables.js"),
    include_str!("charts.js"),
    include_str!("history.js"),
    include_str!("objects.js"),
];

/// A transcript longer than this is cut: the file has all of it.
const TRANSCRIPT_MOST: usize = 400_000;

/// A scenario longer than this is cut.
const SCENARIO_MOST: usize = 100_000;

/// A chart of the page.
pub struct Picture {
    /// Which.
    pub chart: &'static Chart,
    /// Its picture.
    pub svg: String,
    /// Its plots, rows and colours, as the page's script reads them.
    pub meaning: String,
}

impl Picture {
    /// The picture of `scene`.
    pub fn new(chart: &'static Chart, svg: String, scene: &Scene) -> Self {
        let panels = scene.panels.iter().map(|panel| {
            let plot = panel.plot;
            let (from, to) = panel.seconds;
            json!([plot.left, plot.top, plot.right, plot.bottom, from, to, panel.top_value])
        });
        let meanings = scene.meanings.iter().map(|([r, g, b], what)| json!([format!("#{r:02X}{g:02X}{b:02X}"), what]));
        let meaning = json!({
            "panels": panels.collect::<Vec<_>>(),
            "meanings": meanings.collect::<Vec<_>>(),
            "rows": scene.rows,
        });
        Self { chart, svg, meaning: meaning.to_string() }
    }
}

/// The page.
pub fn page(record: &Record, summary: &Summary, pictures: &[Picture]) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    // The name's ending turns on escaping.
    environment.add_template("report.html", TEMPLATE)?;
    let charts: Vec<Value> = pictures
        .iter()
        .map(|Picture { chart, svg, meaning }| {
            context! {
                name => chart.name,
                alternative => chart.alternative,
                svg => Value::from_safe_string(svg.clone()),
                meaning => meaning,
            }
        })
        .collect();
    let transcript = shortened(transcript::transcript(record), TRANSCRIPT_MOST, "transcript.txt has the rest");
    let scenario = shortened(record.run.scenario.clone(), SCENARIO_MOST, "the scenario's file has the rest");
    let rendered = environment.get_template("report.html")?.render(context! {
        name => record.run.name,
        description => record.run.description,
        headline => words::headline(record, summary),
        tiles => tiles(record, summary),
        warnings => summary.warnings,
        expectations => summary.expectations,
        charts => charts,
        transcript => transcript,
        scenario => scenario,
        facts => facts(record, summary),
        style => Value::from_safe_string(STYLE.to_owned()),
        scripts => SCRIPTS.map(|script| Value::from_safe_string(script.to_owned())).to_vec(),
        data => Value::from_safe_string(in_script(&tables::data(record, summary))),
    })?;
    Ok(rendered)
}

/// At most `most` bytes of a text, and where the rest is.
fn shortened(mut text: String, most: usize, rest: &str) -> String {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
        text.push_str(&format!("\n… {rest}\n"));
    }
    text
}

/// JSON that may stand in a script element: nothing in it can end the element or start a comment.
fn in_script(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 50);
    for letter in json.chars() {
        match letter {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            other => text.push(other),
        }
    }
    text
}

/// A number in large letters, what it is, and whether it is good news.
fn tile(number: &str, what: &str, tone: &str) -> Value {
    context! { number => number, what => what, tone => tone }
}

fn tiles(record: &Record, summary: &Summary) -> Vec<Value> {
    let (pods, nodes) = (&summary.pods, &summary.nodes);
    let tone = |is_bad: bool| if is_bad { "bad" } else { "" };
    let of = |part: u64, whole: u64| format!("{} of {}", grouped(part), grouped(whole));
    let percent = |share: f64| format!("{} %", (share * 100.0).round());
    let hundredths = |number: f64| (number * 100.0).round() / 100.0;

    let (ran, created) = words::ran_of_created(record);
    let mut tiles = vec![tile(&of(ran, created), "pods ran", tone(ran < created))];
    let start = &summary.pod_start_seconds;
    if start.count > start.censored {
        let mut what = format!("median start; p99 {}", words::seconds(start.p99.rounded()));
        if start.censored > 0 {
            what = format!("{what}; {} never did", grouped(start.censored));
        }
        tiles.push(tile(&words::seconds(start.p50.rounded()), &what, ""));
    }
    tiles.push(tile(&grouped(pods.restarts), "restarts of containers", tone(pods.restarts > 0)));
    let what = format!("pods pending at the end, {} fitting nowhere", grouped(pods.unschedulable));
    tiles.push(tile(&grouped(pods.pending), &what, tone(pods.unschedulable > 0)));
    for (number, what) in [
        (pods.failed, "pods failed"),
        (pods.missing, "replicas missing at the end"),
        (pods.evicted, "pods evicted"),
        (pods.preempted, "pods preempted"),
        (pods.oom_killed, "containers killed for memory"),
    ] {
        if number > 0 {
            tiles.push(tile(&grouped(number), what, "bad"));
        }
    }
    tiles.push(tile(&of(nodes.ready, nodes.count), "nodes ready at the end", tone(nodes.ready < nodes.count)));
    let what = format!("of CPU requested on average; {} of memory", percent(summary.memory.requested_share.rounded()));
    tiles.push(tile(&percent(summary.cpu.requested_share.rounded()), &what, ""));
    for (name, traffic) in summary.traffic.iter().filter(|(_, traffic)| traffic.requests.0 > 0.0).take(4) {
        let share = (traffic.served_ratio.0 * 10_000.0).floor() / 100.0;
        let what = format!("of {name} served; p99 {}", words::seconds(traffic.latency_seconds.p99.rounded()));
        tiles.push(tile(&format!("{share} %"), &what, tone(traffic.dropped.0 >= 0.5)));
    }
    if summary.cost.rounded() > 0.0 {
        let what = format!("price of {} node-hours", hundredths(nodes.hours.rounded()));
        tiles.push(tile(&hundredths(summary.cost.rounded()).to_string(), &what, ""));
    }
    let (held, all) = (summary.expectations.iter().filter(|one| one.held).count(), summary.expectations.len());
    if all > 0 {
        tiles.push(tile(&of(held as u64, all as u64), "expectations met", tone(held < all)));
    }
    tiles
}

/// What this run can be repeated with and told apart by.
fn facts(record: &Record, summary: &Summary) -> Vec<(&'static str, String)> {
    vec![
        ("Version", format!("kubelapse {}", summary.version)),
        ("Seed", summary.seed.to_string()),
        ("Instant of t=0", record.run.start.clone()),
        ("Virtual time", words::seconds(summary.engine.virtual_seconds.rounded())),
        ("Events handled", grouped(summary.engine.events)),
        ("Changes logged", grouped(summary.engine.changes)),
        ("Assumed behaviour", format!("{} % of containers", (summary.coverage.rounded() * 100.0).round())),
        ("Digest of the run", summary.digest.clone()),
        ("Digest of the tables", summary.files_digest.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::synthetic;
    use super::*;

    #[test]
    fn names_and_messages_cannot_become_markup() {
        let mut record = synthetic::record(5, 3, 60);
        record.run.name = "<script>alert(1)</script>".to_owned();
        record.warnings.push("<img src=x onerror=alert(1)>".to_owned());
        let summary = Summary::of(&record);
        let page = page(&record, &summary, &[]).unwrap();
        assert!(!page.contains("<script>alert"), "a name became markup");
        assert!(!page.contains("<img"), "a warning became markup");
        assert!(!page.contains("</script><b>"), "a command ended the data");
        assert_eq!(page.matches("</script>").count(), 1 + SCRIPTS.len());
    }

    #[test]
    fn the_page_asks_no_network() {
        let record = synthetic::record(5, 3, 60);
        let page = page(&record, &Summary::of(&record), &[]).unwrap();
        // References within the page itself ask nobody.
        let page = page.replace("url(#", "(#");
        for word in ["http://", "https://", "@import", "src=", "url("] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn a_page_of_twenty_thousand_pods_is_small_enough_to_open() {
        let record = synthetic::record(20_000, 100, 3600);
        let page = page(&record, &Summary::of(&record), &[]).unwrap();
        assert!(page.len() < 4_200_000, "{}", page.len());
    }
}
