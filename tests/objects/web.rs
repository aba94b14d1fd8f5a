use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A small web server on this machine, that stops with this.
pub struct Web {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What the server does wrong.
#[derive(Clone, Copy, Default)]
pub enum Fault {
    #[default]
    None,
    /// It gives whole files only.
    NoRanges,
    /// It answers everything with this status.
    Status(u16),
    /// It sends everybody elsewhere.
    Redirect(&'static str),
    /// It closes the connection after so many bytes of an answer, so many times.
    Cut(usize, usize),
    /// It does not compare the mark of a version.
    NoCompare,
}

#[derive(Default)]
struct State {
    files: HashMap<String, (Arc<Vec<u8>>, usize)>,
    versions: usize,
    fault: Fault,
    /// The paths that were asked for.
    requests: Vec<String>,
    /// After how many more requests the files are replaced.
    replace: Option<usize>,
    /// What a request must have: the user and the query.
    required: Option<(String, String)>,
    stopped: bool,
}

impl Web {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let served = state.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                if served.lock().unwrap().stopped {
                    return;
                }
                let (client, served) = (client.unwrap(), served.clone());
                // A client may close the connection whenever it likes.
                thread::spawn(move || serve(client, &served).ok());
            }
        });
        Self { address, state }
    }

    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    /// Puts a file there, as a new version.
    pub fn put(&self, name: &str, content: impl Into<Vec<u8>>) {
        let mut state = self.state.lock().unwrap();
        state.versions += 1;
        let version = state.versions;
        let content = Arc::new(content.into());
        state.files.insert(format!("/{name}"), (content, version));
    }

    pub fn set(&self, fault: Fault) {
        self.state.lock().unwrap().fault = fault;
    }

    /// Replaces all files by copies of themselves after so many requests.
    pub fn replace_after(&self, requests: usize) {
        self.state.lock().unwrap().replace = Some(requests);
    }

    pub fn require(&self, user: &str, query: &str) {
        self.state.lock().unwrap().required = Some((user.to_string(), query.to_string()));
    }

    /// What was asked for since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.state.lock().unwrap().stopped = true;
        // This wakes the thread that waits for clients.
        TcpStream::connect(self.address).ok();
    }
}

fn serve(mut client: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut headers = HashMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_string());
    }
    let (head, body) = answer(&request, &headers, &mut state.lock().unwrap());
    client.write_all(head.as_bytes())?;
    client.write_all(&body)
}

fn answer(
    request: &str,
    headers: &HashMap<String, String>,
    state: &mut State,
) -> (String, Vec<u8>) {
    let mut words = request.split(' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    state.requests.push(path.to_string());
    match &mut state.replace {
        Some(0) => {
            state.replace = None;
            state.versions += 1;
            let version = state.versions;
            state.files.values_mut().for_each(|file| file.1 = version);
        }
        Some(left) => *left -= 1,
        None => (),
    }
    let status = |status: u16| {
        let body = "<Error>a text of the server</Error>";
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        (head, body.as_bytes().to_vec())
    };
    if let Some((user, expected)) = &state.required
        && (headers.get("authorization") != Some(user) || query != expected)
    {
        return status(403);
    }
    match state.fault {
        Fault::Status(wrong) => return status(wrong),
        Fault::Redirect(to) => {
            let head = format!(
                "HTTP/1.1 302 X\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            return (head, Vec::new());
        }
        _ => (),
    }
    let Some((content, version)) = state.files.get(path).cloned() else {
        return status(404);
    };
    let etag = format!("\"version {version}\"");
    let is_other = headers
        .get("if-match")
        .is_some_and(|expected| *expected != etag);
    if is_other && !matches!(state.fault, Fault::NoCompare) {
        return status(412);
    }
    let range = headers.get("range").and_then(|range| {
        let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
        let (start, end): (usize, usize) = (start.parse().ok()?, end.parse().ok()?);
        Some(start..content.len().min(end + 1))
    });
    let range = range.filter(|_| !matches!(state.fault, Fault::NoRanges));
    let mut head = match &range {
        Some(range) if range.start >= content.len() => return status(416),
        Some(range) => format!(
            "HTTP/1.1 206 X\r\nContent-Range: bytes {}-{}/{}\r\n",
            range.start,
            range.end - 1,
            content.len()
        ),
        None => "HTTP/1.1 200 OK\r\n".to_string(),
    };
    let mut body = content[range.unwrap_or(0..content.len())].to_vec();
    head += &format!("ETag: {etag}\r\nContent-Length: {}\r\n", body.len());
    head += "Connection: close\r\n\r\n";
    if let Fault::Cut(after, times) = &mut state.fault
        && *times > 0
        && body.len() > *after
    {
        *times -= 1;
        body.truncate(*after);
    }
    if method == "HEAD" {
        body.clear();
    }
    (head, body)
}
