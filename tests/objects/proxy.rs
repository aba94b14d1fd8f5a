use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Passes connections on to a server, and closes some of them in the middle of
/// what the server sends.
pub struct Proxy {
    pub address: SocketAddr,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    /// Closes `cuts` connections, each when it has passed on so many bytes.
    pub fn start(server: SocketAddr, bytes: usize, cuts: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let left = Arc::new(AtomicUsize::new(cuts));
        let cuts = left.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(server) = TcpStream::connect(server) else {
                    return;
                };
                let (left, back) = (left.clone(), (server.try_clone(), client.try_clone()));
                let (Ok(from), Ok(to)) = back else { return };
                thread::spawn(move || pass(client, server, usize::MAX, &AtomicUsize::new(0)));
                thread::spawn(move || pass(from, to, bytes, &left));
            }
        });
        Self { address, cuts }
    }

    /// How many connections are still to be closed.
    pub fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, bytes: usize, cuts: &AtomicUsize) {
    let mut left = bytes;
    let mut buffer = [0; 1 << 12];
    while let Ok(read) = from.read(&mut buffer)
        && read > 0
        && to.write_all(&buffer[..read]).is_ok()
    {
        left = left.saturating_sub(read);
        let one_less = |cuts: usize| cuts.checked_sub(1);
        if left == 0
            && cuts
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
                .is_ok()
        {
            break;
        }
    }
    to.shutdown(Shutdown::Both).ok();
    from.shutdown(Shutdown::Both).ok();
}
