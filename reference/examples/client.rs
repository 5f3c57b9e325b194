//! The client of the Python page: sends the number 42 and prints the reply.
//!
//! `cargo run --example client [ADDRESS [DIALECT]]`, where ADDRESS is `host:port` or a path, and
//! DIALECT is the name of a dialect, such as `le32` (`processing` 0.20 with its C extension).

use std::error::Error;

use processing_connection::{Address, Connector, Dialect};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address: Address = arguments
        .next()
        .map_or(Ok(("localhost", 6000).into()), |text| text.parse())?;
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
