//! The client of the Python page: sends the number 42 and prints the reply.
//!
//! `cargo run --example client [ADDRESS [DIALECT]]`, where ADDRESS is `host:port` or a path, and
//! DIALECT is `hex8`, `le32` (`processing` 0.20 with its C extension) or `be32`.

use std::error::Error;

use processing_connection::{Address, Connector, Dialect};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .map_or(("localhost", 6000).into(), |text| parse(&text));
    let dialect: Dialect = arguments
        .next()
        .map_or(Ok(Dialect::default()), |name| name.parse())?;

    let mut conn = Connector::new().dialect(dialect).connect(address)?;

    let obj = 42;
    println!("sending: {obj}");
    conn.send(&obj)?;
    println!("received: {}", conn.recv_value()?); // prints '[42]'
    Ok(())
}

fn parse(text: &str) -> Address {
    match text
        .rsplit_once(':')
        .map(|(host, port)| (host, port.parse()))
    {
        Some((host, Ok(port))) => Address::from((host, port)),
        _ => Address::from(text),
    }
}
