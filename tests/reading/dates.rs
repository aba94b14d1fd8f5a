//! Dates in every common form.

use super::{fit, run};
use crate::tool::Tool;

#[test]
fn dates_are_dates_in_every_common_form_and_never_levels() {
    let tool = Tool::new();
    // 2020-01-01 to 2020-01-04 are the days 18262 to 18265 (Python 3.13:
    // (date(2020, 1, 1) - date(1970, 1, 1)).days), and y is twice the day less
    // 36523.
    for dates in [
        ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"],
        [
            "2020-01-01T00:00Z",
            "2020-01-02 00:00",
            "2020-01-03T01:00+01:00",
            "2020-01-04",
        ],
        ["1.1.2020", "2.1.2020", "3.1.2020", "04.01.2020"],
        ["2020/01/01", "2020/01/02", "2020/1/3", "2020/01/04"],
    ] {
        let rows: String = dates
            .iter()
            .zip([1, 3, 5, 7])
            .fold(String::new(), |rows, (date, y)| {
                rows + &format!("{date},{},{y}\n", y * y)
            });
        tool.write("t.csv", format!("d,x,y\n{rows}"));
        let ignored = tool.json(&["describe", "t.csv"]);
        assert_eq!(ignored["columns"][0]["kind"], "ignored", "{dates:?}");
        let (found, _) = fit(&tool, "t.csv");
        assert_eq!(found.len(), 2, "{dates:?}");
        let (found, _) = fit(&tool, "t.csv --numeric d --features d");
        assert!((found[1] - 2.0).abs() < 1e-9, "{dates:?}: {found:?}");
        assert!((found[0] + 36523.0).abs() < 1e-4, "{dates:?}: {found:?}");
    }
    // One day above 12 shows the order of all, in new tables too.
    tool.write("t.csv", "d,y\n1/2/2020,1\n13/2/2020,2.2\n1/3/2020,3.9\n");
    let (by_day, _) = fit(&tool, "t.csv --numeric d");
    tool.write(
        "iso.csv",
        "d,y\n2020-02-01,1\n2020-02-13,2.2\n2020-03-01,3.9\n",
    );
    let (iso, _) = fit(&tool, "iso.csv --numeric d");
    assert_eq!(by_day, iso);
    fit(&tool, "t.csv --numeric d");
    tool.write("new.csv", "d\n1/3/2020\n");
    let (_, short, _) = run(&tool, "predict m new.csv");
    fit(&tool, "iso.csv --numeric d");
    tool.write("new.csv", "d\n2020-03-01\n");
    let (_, long, _) = run(&tool, "predict m new.csv");
    assert_eq!(short, long);
    // With `--dates`, no such day is needed. Month first, the same cells are
    // other days.
    tool.write("t.csv", "d,y\n2/1/2020,1\n2/12/2020,2.2\n3/1/2020,3.9\n");
    tool.write(
        "iso.csv",
        "d,y\n2020-02-01,1\n2020-02-12,2.2\n2020-03-01,3.9\n",
    );
    let (by_month, _) = fit(&tool, "t.csv --numeric d --dates month-first");
    assert_eq!(by_month, fit(&tool, "iso.csv --numeric d").0);
}
