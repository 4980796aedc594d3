// A consumer test as people write it in JavaScript: it writes a pact into the folder that is told.
const { PactV4, MatchersV3 } = require("@pact-foundation/pact");

const [folder, consumer, provider, path] = process.argv.slice(2);
new PactV4({ consumer, provider, dir: folder, logLevel: "error" })
  .addInteraction()
  .given("an order is there", { id: 1 })
  .uponReceiving("a request for an order")
  .withRequest("GET", path)
  .willRespondWith(200, (answer) => answer.jsonBody({ id: MatchersV3.integer(1) }))
  .executeTest(async (server) => {
    const answer = await fetch(`${server.url}${path}`);
    if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
  })
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
