//! The smallest function of AWS's Rust client.
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde_json::{json, Value};

async fn handle(_: LambdaEvent<Value>) -> Result<Value, Error> {
    Ok(json!({"batchItemFailures": []}))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}
