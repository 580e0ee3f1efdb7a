//! What the servers to measure against have in common.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// The value of `--port`; 0 lets the system choose.
pub fn port() -> Result<u16, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(0),
        ["--port", port] => Ok(port.parse()?),
        _ => Err("the only option is --port NUMBER".into()),
    }
}

/// Listens on the loopback address and says where.
pub fn listen(port: u16) -> Result<TcpListener, Box<dyn Error>> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    // Of what connects at once, nothing has to try again.
    let listener = socket.listen(4096)?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(listener)
}
