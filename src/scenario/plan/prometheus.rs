//! A curve from the JSON that Prometheus' HTTP API answers to a range query (`/api/v1/query_range`), as `curl` or a
//! browser saves it: one series, each sample holding until the next.

use serde::Deserialize;

use crate::engine::curve::Curve;

/// The answer with its envelope; files that hold `data` alone are read, too.
#[derive(Deserialize)]
struct Answer {
    status: Option<String>,
    error: Option<String>,
    data: Option<Data>,
    #[serde(rename = "resultType")]
    result_type: Option<String>,
    result: Option<Vec<Series>>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    result_type: String,
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// The curve of the one series in `text`; its first sample lies at time 0. Samples that are no number (`NaN`) are
/// skipped: the one before holds.
///
/// # Errors
/// In words: no such JSON, another type of result, no series or several, negative or infinite samples.
pub fn curve(text: &str) -> Result<Curve, String> {
    let answer: Answer =
        serde_json::from_str(text).map_err(|error| format!("no answer of Prometheus to a range query: {error}"))?;
    if answer.status.as_deref().is_some_and(|status| status != "success") {
        return Err(format!("Prometheus answered with an error: {}", answer.error.unwrap_or_default()));
    }
    let (kind, series) = match (answer.data, answer.result_type, answer.result) {
        (Some(data), ..) => (data.result_type, data.result),
        (None, Some(kind), Some(result)) => (kind, result),
        _ => return Err("there is no `data` with `resultType` and `result`".to_owned()),
    };
    if kind != "matrix" {
        return Err(format!("the result is a `{kind}`, not a `matrix`: use a range query (/api/v1/query_range)"));
    }
    let [series] = series.as_slice() else {
        return Err(format!("it holds {} series, one is expected: put sum(…) around the query", series.len()));
    };
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut first = None;
    for (at, value) in &series.values {
        let value: f64 = value.parse().map_err(|_| format!("`{value}` at {at} is no number"))?;
        let start = *first.get_or_insert(*at);
        if value.is_nan() {
            continue;
        }
        if value < 0.0 {
            return Err(format!("the value at {at} is negative ({value})"));
        }
        points.push((at - start, value));
    }
    Curve::steps(points).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_range_query_is_a_curve_of_steps() {
        let text = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"web"},
            "values":[[1700000000,"10"],[1700000060,"NaN"],[1700000120.5,"25.5"]]}]}}"#;
        let made = curve(text).unwrap();
        assert_eq!(made, Curve::steps(vec![(0.0, 10.0), (120.5, 25.5)]).unwrap());
        let data = r#"{"resultType":"matrix","result":[{"values":[[5,"1"]]}]}"#;
        assert_eq!(curve(data), Curve::steps(vec![(0.0, 1.0)]).map_err(|error| error.to_string()));
    }

    #[test]
    fn what_is_no_such_answer_is_refused_in_words() {
        for (text, words) in [
            ("{}", "there is no `data`"),
            ("time,rps", "no answer of Prometheus"),
            (r#"{"status":"error","error":"parse error"}"#, "parse error"),
            (r#"{"data":{"resultType":"vector","result":[]}}"#, "use a range query"),
            (r#"{"data":{"resultType":"matrix","result":[]}}"#, "it holds 0 series"),
            (r#"{"data":{"resultType":"matrix","result":[{"values":[[0,"-1"]]}]}}"#, "negative"),
            (r#"{"data":{"resultType":"matrix","result":[{"values":[]}]}}"#, "no points"),
        ] {
            assert!(curve(text).unwrap_err().contains(words), "{text}");
        }
    }
}
