// The description of the service, drawn by Swagger UI. Requests go to where the page came from: nothing else may be asked.
const node = document.getElementById("api");
const description = await (await fetch(node.dataset.description)).json();
description.servers = [{ url: node.dataset.description.replace(/\/openapi\.json$/, "") || "/" }];
SwaggerUIBundle({
  spec: description,
  domNode: node,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  supportedSubmitMethods: ["get", "post"],
  validatorUrl: null,
});
