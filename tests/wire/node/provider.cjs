// A provider test as people write it in JavaScript: a small service, and its pacts from the broker.
const http = require("node:http");
const { Verifier } = require("@pact-foundation/pact");

const options = JSON.parse(process.argv[2]);
const service = http.createServer((request, response) => {
  const known = request.url === "/orders/1";
  response.writeHead(known ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(known ? { id: 1 } : { error: "not found" }));
});
service.listen(0, "127.0.0.1", async () => {
  const states = { "an order is there": async () => "it is" };
  const providerBaseUrl = `http://127.0.0.1:${service.address().port}`;
  try {
    await new Verifier({ providerBaseUrl, stateHandlers: states, logLevel: "warn", ...options }).verifyProvider();
    console.log("verified");
  } catch (error) {
    console.log(`not verified: ${error.message}`);
    process.exitCode = 1;
  } finally {
    service.close();
    service.closeAllConnections();
  }
});
