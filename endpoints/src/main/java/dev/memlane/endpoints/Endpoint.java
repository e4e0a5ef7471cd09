package dev.memlane.endpoints;

import dev.memlane.model.InvalidInputException;

/**
 * A destination for requests: a key, a deployment or a server.
 *
 * @param name its name in reports; neither its key nor another secret
 * @param target the client that sends requests to it
 * @param limits its limits
 * @param weight its share of the requests, relative to the others', with {@link Policy#WEIGHTED}; at least 1
 */
public record Endpoint<E>(String name, E target, EndpointLimits limits, int weight) {

  /** @throws InvalidInputException if the name is blank or the weight less than 1 */
  public Endpoint {
    if (name.isBlank()) {
      throw new InvalidInputException("an endpoint needs a name, which reports show");
    }
    if (weight < 1) {
      throw new InvalidInputException("the weight of endpoint " + name + " is " + weight + "; it must be at least 1");
    }
  }
}
