//! Names, rows and widths that could break the page of a report.

use serde_json::json;

use super::browser::{BARRIERS, check_quiet, keep};
use super::check_page;
use crate::browser::Browser;
use crate::tool::Tool;

/// Names that would break a page that does not escape them.
const HOSTILE: [&str; 4] = [
    "</script><script>document.title='broken'</script>",
    "\"><img src=x onerror=\"document.title='broken'\">",
    "\u{202e}מחיר & 'age' `b`",
    "a_name_of_more_than_sixty_characters_which_no_axis_has_room_for_at_all",
];

fn hostile() -> (Tool, String) {
    let tool = Tool::new();
    let quoted = HOSTILE.map(|name| format!("\"{}\"", name.replace('"', "\"\"")));
    let mut rows = format!("{},word\n", quoted.join(","));
    for i in 0..40 {
        let word = ["<b>Bonn</b>", "קיל"][i % 2];
        rows += &format!("{i},{},{},{},{word}\n", i * i % 7, 3 * i + i % 5, i % 11);
    }
    tool.write("<i>rows'.csv", rows);
    let target = format!("\"{}\"", HOSTILE[0]);
    tool.run(&[
        "fit",
        "<i>rows'.csv",
        "--target",
        &target,
        "--output",
        "m",
        "--report",
        "r.html",
    ]);
    let page = tool.read("r.html");
    (tool, page)
}

#[test]
fn no_name_breaks_out_of_the_page() {
    let (_, page) = hostile();
    check_page(&page.replace("img src=x", "").replace("img src=<wbr>x", ""));
    for markup in ["<img", "<b>Bonn", "<i>rows", "<script>document"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(page.contains("&lt;img src=x onerror=&quot;"));
}

#[test]
fn degenerate_rows_have_a_report_or_a_clear_error() {
    for (rows, is_written) in [
        ("a,y\n1,2\n", false),
        ("a,y\n1,2\n2,3\n", true),
        ("a,y\n1,5\n2,5\n3,5\n", true),
        ("a,y\n1e-300,1\n2e-300,3\n3e-300,2\n", true),
        ("a,y\n1e300,1\n-1e300,3\n3e299,2\n", true),
        ("a,b,y\n1,0,1e300\n2,1,-1e300\n3,0,2e299\n4,1,0\n", true),
    ] {
        let tool = Tool::new();
        tool.write("rows.csv", rows);
        let output = tool.run("fit rows.csv --target y --report r.html");
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), is_written, "{rows}: {message}");
        match is_written {
            true => check_page(&tool.read("r.html")),
            false => assert_eq!(tool.files(), ["rows.csv"]),
        }
    }
}

#[test]
fn a_wide_table_stays_below_two_megabytes() {
    let tool = Tool::new();
    let columns = 600;
    let name = |i: usize| format!("{}_{i}", "\u{5d0}<&\"\"'".repeat(40));
    let names: Vec<String> = (0..columns).map(|i| format!("\"{}\"", name(i))).collect();
    let mut rows = names.join(",") + ",y1,y2,y3,y4,y5\n";
    let mut state = 1u64;
    for _ in 0..1000 {
        let cells = (0..columns + 5).map(|_| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            ((state >> 40) % 1000).to_string()
        });
        rows += &(cells.collect::<Vec<_>>().join(",") + "\n");
    }
    tool.write("wide.csv", rows);
    let fit = "fit wide.csv --target y1,y2,y3,y4,y5 --report wide.html";
    let output = tool.run(fit);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    check_page(&tool.read("wide.html"));
}

#[test]
fn no_name_runs_in_a_browser() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (tool, _) = hostile();
    browser.screen(390, "light");
    browser.open(&tool.path("r.html"));
    assert_ne!(browser.evaluate("document.title"), "broken");
    assert_eq!(
        browser.evaluate("document.querySelectorAll('img').length"),
        0
    );
    assert_eq!(browser.evaluate("document.scripts.length"), 1);
    let wide = browser.evaluate("document.documentElement.scrollWidth");
    assert!(wide.as_u64() <= Some(390), "{wide} pixels wide");
    assert_eq!(browser.evaluate(BARRIERS), json!([]));
    keep("hostile_390.png", &browser.screenshot());
    check_quiet(&browser);
}
