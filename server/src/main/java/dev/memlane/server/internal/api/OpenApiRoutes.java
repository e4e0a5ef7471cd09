package dev.memlane.server.internal.api;

import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/** The route for the OpenAPI document. Safe for use by several threads. */
public final class OpenApiRoutes {

  private final byte[] document;

  public OpenApiRoutes() {
    try (InputStream file = Objects
        .requireNonNull(OpenApiRoutes.class.getResourceAsStream("/dev/memlane/server/openapi.json"))) {
      document = file.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("openapi.json can't be read from the class path", e);
    }
  }

  public void add(Routes routes) {
    routes.get("/openapi.json", null, exchange -> exchange.respond(200, "application/json", document));
  }
}
