//! The server of the Python page: waits for a connection, receives an object and sends it back
//! boxed inside a list.
//!
//! `cargo run --example server [ADDRESS [DIALECT]]`, where ADDRESS is `host:port` or a path, and
//! DIALECT is the name of a dialect, such as `le32` (`processing` 0.20 with its C extension).

use std::error::Error;

use processing_connection::{Address, Dialect, Listener, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address: Address = arguments
        .next()
        .map_or(Ok(("localhost", 6000).into()), |text| text.parse())?;
    let dialect: Dialect = arguments
        .next()
        .map_or(Ok(Dialect::default()), |name| name.parse())?;

    let mut listener = Listener::builder()
        .address(address)
        .dialect(dialect)
        .bind()?;

    let mut conn = listener.accept()?;
    if let Some(address) = listener.last_accepted() {
        println!("connection accepted from {address}");
    }

    let obj = conn.recv_value()?;
    let boxed_obj = Value::List(vec![obj]);
    conn.send_value(&boxed_obj)?;
    Ok(())
}
