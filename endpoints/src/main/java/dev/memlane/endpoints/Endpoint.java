package dev.memlane.endpoints;

import dev.memlane.model.InvalidInputException;

/**
 * One place that requests can be sent to: a key, a deployment, a server.
 *
 * @param name what reports call it; not its key, nor anything else that is secret
 * @param target what sends requests to it
 * @param limits how much it takes
 * @param weight its share beside the others' where the policy is {@link Policy#WEIGHTED}; at least 1
 */
public record Endpoint<E>(String name, E target, EndpointLimits limits, int weight) {

  /** @throws InvalidInputException if the name is blank or the weight less than 1 */
  public Endpoint {
    if (name.isBlank()) {
      throw new InvalidInputException("an endpoint needs a name, by which reports can call it");
    }
    if (weight < 1) {
      throw new InvalidInputException("the weight of endpoint " + name + " is " + weight + "; it must be at least 1");
    }
  }
}
