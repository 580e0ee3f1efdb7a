//! The web client is embedded from `web/dist`; without it the server is built all the same.

fn main() -> std::io::Result<()> {
    let dist = "../../web/dist";
    std::fs::create_dir_all(dist)?;
    println!("cargo:rerun-if-changed={dist}");
    Ok(())
}
