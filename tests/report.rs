//! The report of a fit: what is in it, and how it behaves in a real browser.

use std::path::Path;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::tool::{Tool, diabetes_rows};

/// The sections, in order.
const SECTIONS: [&str; 6] = [
    "data",
    "pictures",
    "model",
    "trust",
    "looseness",
    "reproduce",
];

/// The most bytes of a page, whatever the number of rows, columns and targets.
const MOST_BYTES: usize = 2_000_000;

/// The real rows and their report.
fn diabetes(options: &str) -> (Tool, String) {
    let tool = diabetes_rows();
    let report = "--report report.html --seed 5";
    tool.succeed(format!(
        "fit diabetes.csv --target progression {report} {options}"
    ));
    let page = tool.read("report.html");
    (tool, page)
}

/// The texts of a page, without tags.
fn words(page: &str) -> String {
    let mut words = String::new();
    let mut is_tag = false;
    for character in page.chars() {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => words.push(character),
            _ => {}
        }
    }
    words
}

fn check_page(page: &str) {
    assert!(page.len() < MOST_BYTES, "{} bytes", page.len());
    for id in SECTIONS {
        let section = format!("<section id=\"{id}\" ");
        assert_eq!(page.matches(&section).count(), 1, "{id}");
    }
    // One script and one style, and nothing from elsewhere.
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<style").count(), 1);
    for forbidden in [
        "NaN",
        " src=",
        "<link",
        "<img",
        "url(",
        "@import",
        "href=\"http",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_report_tells_the_same_figures_as_the_fit() {
    let (tool, page) = diabetes("");
    check_page(&page);
    let words = words(&page);
    for found in [
        // R 4.2.2's lm, as in tests/exact.rs.
        "5.60296",
        "0.717106",
        "0.517748",
        "54.1542",
        "442 rows of diabetes.csv",
        "linreg fit diabetes.csv --target progression --report report.html --seed 5",
    ] {
        assert!(words.contains(found), "{found}");
    }
    // sha256sum tests/data/diabetes.csv
    let hash = "9193026b7622ff944f0a6855a10107b24caf50dad69787c46e6890e69c27faca";
    assert!(words.contains(hash));
    assert_eq!(
        tool.files(),
        ["diabetes.csv", "diabetes.safetensors", "report.html"]
    );
}

#[test]
fn a_report_looks_for_findings_itself_and_puts_them_first() {
    let tool = Tool::new();
    // Residuals that depend on the row before, residuals that grow with x, and
    // rows that meet the assumptions.
    let (mut lasting, mut growing, mut plain) = (0.0, String::new(), String::new());
    let mut rows = String::new();
    for (k, z) in normal(400).into_iter().enumerate() {
        let x = k as f64 / 40.0;
        lasting = 0.3 * lasting + z;
        rows += &format!("{x},{}\n", x + lasting);
        growing += &format!("{x},{}\n", x + (0.2 + x) * z);
        plain += &format!("{x},{}\n", x + z);
    }
    for (name, rows, finding) in [
        ("lasting", rows, "residuals are positively autocorrelated"),
        (
            "growing",
            growing,
            "the spread of residuals changes with the features",
        ),
        ("plain", plain, ""),
    ] {
        tool.write(&format!("{name}.csv"), format!("x,y\n{rows}"));
        let printed = tool.succeed(format!("fit {name}.csv --target y --report r.html --force"));
        // Only the report has these checks.
        assert!(!printed.contains("Durbin-Watson"), "{printed}");
        let page = tool.read("r.html");
        check_page(&page);
        let words = words(page.split("<section id=\"trust\"").nth(1).unwrap());
        assert!(
            !words.contains("second look") && !words.contains("surely"),
            "{words}"
        );
        let (before, checks) = words.split_once("Assumption checks").unwrap();
        assert!(checks.contains("Durbin-Watson"), "{checks}");
        let none = "None of the checks below found anything in 400 rows";
        if finding.is_empty() {
            assert!(
                before.contains(none) && !before.contains("Warnings:"),
                "{before}"
            );
        } else {
            let (_, warnings) = before.split_once("Warnings:").unwrap();
            assert!(
                warnings.contains(finding) && !before.contains(none),
                "{before}"
            );
        }
        // The titles of its pictures say the same.
        let is_growing = page.contains("The spread of residuals grows");
        let is_even = page.contains("No bend and no change of spread found in 400 rows");
        assert_eq!(
            (is_growing, is_even),
            (name == "growing", name != "growing"),
            "{name}"
        );
    }
}

/// Pseudo-random numbers that are nearly normal: sums of twelve uniform ones.
fn normal(count: usize) -> Vec<f64> {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 40) as f64 / (1 << 24) as f64
    };
    let mut next = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    (0..count).map(|_| next()).collect()
}

#[test]
fn the_own_lines_are_those_of_scipy() {
    let (_, page) = diabetes("");
    let words = words(page.split("<section id=\"looseness\"").nth(1).unwrap());
    // scipy 1.17.1: linregress(bmi, y) and linregress(sex, y): slope, rvalue²;
    // numpy: var(y - intercept - slope x).
    for found in [
        "10.2331", "34.4 %", "3890.46", "6.64539", "0.2 %", "5918.89",
    ] {
        assert!(words.contains(found), "{found}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let page = |seed: &str, threads: &str| {
        let tool = Tool::new();
        tool.succeed("generate --examples 20000 --output data.csv");
        let fit = "fit data.csv --target y --report report.html --seed";
        let mut arguments: Vec<&str> = fit.split(' ').collect();
        arguments.push(seed);
        tool.succeed_with("RAYON_NUM_THREADS", threads, &arguments);
        tool.read("report.html")
    };
    let first = page("1", "1");
    assert!(first == page("1", "3"), "other bytes on three threads");
    assert!(first != page("2", "1"), "another seed, the same sample");
    assert!(words(&first).contains("of 20,000 rows, drawn at random by the seed"));
}

#[test]
fn a_report_is_written_for_every_kind_of_fit() {
    let tool = Tool::new();
    let mut rows = String::from("town,area,age,n,price,rent\n");
    for i in 0..300 {
        let town = ["Bonn", "Kiel", "Ulm"][i % 3];
        let (area, age) = (40 + i * 7 % 90, i * 13 % 50);
        let price = 2 * area + 10 * (i % 3) + i * 31 % 7;
        rows += &format!(
            "{town},{area},{age},{},{price},{}\n",
            i % 4,
            price / 10 + age
        );
    }
    tool.write("houses.csv", &rows);
    let reports = |options: &str| {
        tool.succeed(format!("fit --report report.html --force {options}"));
        let page = tool.read("report.html");
        check_page(&page);
        page
    };
    let several = reports("houses.csv --target price,rent --weight n --validation 0.2");
    assert!(words(&several).contains("Rows count by n"));
    assert!(words(&several).contains("were held out to judge it on"));
    reports("houses.csv --target price --no-intercept --k-fold 3");
    let shrunk = reports("houses.csv --target price --ridge=gcv");
    assert!(words(&shrunk).contains("How far the weights are shrunk"));
    assert!(!words(&shrunk).contains("The standard errors, p values"));
    let told = reports("houses.csv --target price --diagnostics --robust hc3");
    assert!(words(&told).contains("Assumption checks"));
    assert!(!words(&told).contains("the same variance everywhere"));
    reports("houses.csv --formula price~area*C(town)+poly(age,2)");
    let trained = reports("houses.csv --target price --method sgd --batch-size 32 --epochs 5");
    assert!(words(&trained).contains("5 epochs of sgd with batches of 32, learning rate"));
    let trained = reports("houses.csv --target price --method sgd");
    assert!(words(&trained).contains("with all rows at once, on"));

    let fit = "fit - --target price --output in.safetensors --report in.html";
    tool.pipe(fit, &rows);
    let page = tool.read("in.html");
    check_page(&page);
    assert!(words(&page).contains("Rows came through standard input"));
}

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
    check_page(&page.replace("img src=x", ""));
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
fn a_report_is_refused_where_it_cannot_go() {
    let tool = Tool::new();
    tool.succeed("generate --examples 50 --output data.csv");
    tool.write("old.html", "old");
    let in_use = "this file is read; write another";
    let exists = "the file exists; use --force to replace it, or another name";
    let model = "the model and the report are the same file; name another for one of them";
    let pipe = "a report reads the rows again, and a pipe gives them once; give a file, or - for standard input";
    let no_name = "a report cannot go to standard output; name a file, such as report.html";
    for (file, report, message) in [
        ("data.csv", "-", no_name.to_string()),
        ("data.csv", "data.csv", format!("data.csv: {in_use}")),
        ("data.csv", "old.html", format!("old.html: {exists}")),
        (
            "data.csv",
            "./data.safetensors",
            format!("./data.safetensors: {model}"),
        ),
        #[cfg(unix)]
        ("/dev/null", "new.html", format!("/dev/null: {pipe}")),
    ] {
        let fit = format!("fit {file} --target y --report {report}");
        assert_eq!(tool.fail(fit), format!("error: {message}"));
        assert_eq!(tool.files(), ["data.csv", "old.html"]);
    }
    assert_eq!(tool.read("old.html"), "old");
    tool.succeed("fit data.csv --target y --report old.html --force");
    assert!(tool.read("old.html").starts_with("<!DOCTYPE html>"));
}

#[test]
fn the_lesson_is_a_page_too() {
    let tool = Tool::new();
    let story = tool.succeed("lesson --report pictures");
    assert!(story.contains("Wrote pictures/report.html; open it in a browser."));
    let page = tool.read("pictures/report.html");
    assert!(page.contains("<html lang=\"en\">"));
    let text = words(&page);
    for found in [
        "y = 2 x1 - 3.4 x2 + 4.2 + noise",
        "features[:, 1].detach().numpy()",
        "11.560",
        "Why one scatter plot is looser",
        "Why the update is not tracked",
        "100 updates",
        "Why gradients are set to zero",
        "never set to zero",
        "Why the gradient is divided by the batch size",
        "Evaluation without gradients",
        "model.valid()",
        "weight of x2",
        "standard error",
        "linreg lesson --report pictures",
    ] {
        assert!(text.contains(found), "{found}");
    }
    assert_eq!(page.matches("<svg ").count(), 5);
    for name in ["scatter_x1.svg", "scatter_x2.png"] {
        assert!(tool.path("pictures").join(name).is_file(), "{name}");
    }
    let message = tool.fail("lesson --report pictures");
    assert!(message.ends_with("the file exists; use --force to replace it, or another name"));
    tool.succeed("lesson --report pictures --force");
    assert!(tool.fail("lesson --force").contains("--plots"));

    let chinese = "lesson --report chinese --language zh";
    tool.succeed(chinese);
    let page = tool.read("chinese/report.html");
    assert!(page.contains("<html lang=\"zh-Hans\">"));
    assert_eq!(page.matches("<svg ").count(), 5);
    // None of our own words is left in English, except in code.
    let body = page
        .split("<body>")
        .nth(1)
        .and_then(|body| body.split("<script>").next());
    let text = words(body.unwrap());
    for english in [
        "Skip", "Sections", "Dark", "Point at", "against", "residual", "rows", "loss",
    ] {
        assert!(!text.contains(english), "{english}: {text}");
    }
    for found in [
        "问题与数据",
        "梯度为什么要清零",
        "x2 的权重",
        "标准误差",
        "深色",
    ] {
        assert!(page.contains(found), "{found}");
    }

    if let Some(mut browser) = Browser::start() {
        for (folder, theme) in [
            ("pictures", ["Dark colours", "Light colours"]),
            ("chinese", ["深色", "浅色"]),
        ] {
            for (width, scheme) in [(1280, "light"), (390, "dark")] {
                browser.screen(width, scheme);
                browser.open(&tool.path(folder).join("report.html"));
                assert_eq!(browser.evaluate(BARRIERS), json!([]), "{width} {scheme}");
                let name = usize::from(scheme == "dark");
                let button = browser.evaluate("document.getElementById('theme').textContent");
                assert_eq!(button, json!(theme[name]));
                keep(
                    &format!("lesson_{folder}_{width}_{scheme}.png"),
                    &browser.screenshot(),
                );
                check_quiet(&browser);
            }
        }
    }
}

/// Where screenshots and the printed page are left to look at.
fn keep(name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), bytes).unwrap();
}

/// Fails if the page said anything on the console, or asked for anything but
/// itself.
fn check_quiet(browser: &Browser) {
    for kind in [
        "Runtime.exceptionThrown",
        "Runtime.consoleAPICalled",
        "Log.entryAdded",
    ] {
        let said: Vec<&Value> = browser.events_of(kind).collect();
        assert!(said.is_empty(), "{said:?}");
    }
    let asked = browser.events_of("Network.requestWillBeSent");
    let asked: Vec<&Value> = asked
        .map(|event| &event["params"]["request"]["url"])
        .collect();
    let is_file = |url: &Value| url.as_str().is_some_and(|url| url.starts_with("file://"));
    assert!(asked.len() == 1 && is_file(asked[0]), "{asked:?}");
}

/// Finds the accessibility problems of a page.
const BARRIERS: &str = r#"(() => {
  const wrong = [];
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size < ids.length) wrong.push("an id is there twice");
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) wrong.push(`${heading.textContent} skips a level`);
    level = next;
  }
  for (const landmark of ["header", "nav", "main", "footer"])
    if (document.querySelectorAll(landmark).length !== 1) wrong.push(`not one ${landmark}`);
  for (const svg of document.querySelectorAll("svg")) {
    const label = (svg.getAttribute("aria-labelledby") ?? "").split(" ")
      .map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    if (svg.getAttribute("role") !== "img" || label.length < 20) wrong.push("a picture without words");
  }
  for (const cell of document.querySelectorAll("th"))
    if (!cell.scope) wrong.push(`${cell.textContent} heads nothing`);
  for (const cell of document.querySelectorAll("th, td"))
    if (cell.textContent.trim().length > 3 && cell.clientWidth < 32) wrong.push(`${cell.textContent} has no room`);
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, title, desc")) continue;
    const style = getComputedStyle(element);
    const colours = [element.closest("svg") ? style.fill : style.color].map(numbers).concat([ground(element)]).map(light);
    const ratio = (Math.max(...colours) + 0.05) / (Math.min(...colours) + 0.05);
    if (ratio < 4.5) wrong.push(`${walker.currentNode.data.trim()}: contrast ${ratio.toFixed(2)}`);
  }
  return wrong;
})()"#;

#[test]
fn a_browser_shows_the_report() {
    let Some(mut browser) = Browser::start() else {
        return;
    };
    let (tool, _) = diabetes("--validation 0.2");
    let path = tool.path("report.html");
    for (width, scheme) in [
        (1280, "light"),
        (1280, "dark"),
        (390, "light"),
        (390, "dark"),
    ] {
        browser.screen(width, scheme);
        browser.open(&path);
        for id in SECTIONS {
            let shown = format!("document.querySelector('#{id} h2').checkVisibility()");
            assert_eq!(browser.evaluate(&shown), true, "{id}");
        }
        let wide = browser.evaluate("document.documentElement.scrollWidth");
        assert!(
            wide.as_u64() <= Some(u64::from(width)),
            "{wide} pixels wide"
        );
        assert_eq!(browser.evaluate(BARRIERS), json!([]), "{width} {scheme}");
        let picture = browser.screenshot();
        assert!(picture.starts_with(b"\x89PNG"));
        keep(&format!("{width}_{scheme}.png"), &picture);
        check_quiet(&browser);
    }
    reads_points(&mut browser);
    switches_colours(&mut browser, &path);

    browser.screen(1280, "dark");
    let pdf = browser.pdf();
    assert!(
        pdf.starts_with(b"%PDF-") && pdf.len() > 20_000,
        "{} bytes",
        pdf.len()
    );
    keep("report.pdf", &pdf);
    check_quiet(&browser);
}

/// Reads a point's values with the pointer and with the keyboard.
fn reads_points(browser: &mut Browser) {
    let at = browser.evaluate(
        "(() => { const dot = document.querySelectorAll('#pictures circle[data-x]')[7]; \
         dot.scrollIntoView({block: 'center'}); const box = dot.getBoundingClientRect(); \
         return [box.x + box.width / 2, box.y + box.height / 2]; })()",
    );
    let at = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
    browser.point_at((at.0 - 200.0, at.1));
    browser.point_at(at);
    let tip = "[...document.querySelectorAll('.tip')].map((tip) => tip.textContent).join('')";
    let read = browser.evaluate(tip);
    // Another point may hide this one, whose values are then the same to a pixel.
    let expected = browser.evaluate(
        "(() => { const ring = document.querySelector('.ring'); \
         const dots = [...document.querySelectorAll('#pictures circle[data-x]')]; \
         const dot = dots.find((dot) => dot.closest('svg') === ring.closest('svg') \
         && ['cx', 'cy'].every((at) => dot.getAttribute(at) === ring.getAttribute(at))); \
         const {xName, yName} = dot.parentNode.dataset; \
         return `${xName} ${dot.dataset.x}${yName} ${dot.dataset.y}`; })()",
    );
    assert_eq!(read, expected);
    assert!(read.as_str().unwrap().contains("progression"), "{read}");

    browser.point_at((1.0, 1.0));
    assert_eq!(browser.evaluate(tip), "");
    browser.evaluate("document.querySelector('#pictures figure[tabindex]').focus()");
    browser.press("ArrowRight");
    let first = browser.evaluate(tip);
    browser.press("ArrowRight");
    assert!(first != "" && browser.evaluate(tip) != first, "{first}");
    browser.press("Escape");
    assert_eq!(browser.evaluate(tip), "");
}

fn switches_colours(browser: &mut Browser, path: &Path) {
    browser.screen(1280, "light");
    browser.open(path);
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = browser.evaluate(ground);
    let name = browser.evaluate("document.getElementById('theme').textContent");
    browser.evaluate("document.getElementById('theme').focus()");
    browser.press("Enter");
    let dark = browser.evaluate(ground);
    assert_ne!(light, dark);
    assert_eq!(browser.evaluate(BARRIERS), json!([]), "switched to dark");
    assert_ne!(
        browser.evaluate("document.getElementById('theme').textContent"),
        name
    );
    browser.press("Enter");
    assert_eq!(browser.evaluate(ground), light);
    // It is remembered only while the page is open.
    browser.press("Enter");
    browser.open(path);
    assert_eq!(browser.evaluate(ground), light);
    assert_eq!(
        browser.evaluate("localStorage.length + sessionStorage.length"),
        0
    );
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
