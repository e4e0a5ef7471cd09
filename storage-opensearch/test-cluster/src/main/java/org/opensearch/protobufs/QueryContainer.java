package org.opensearch.protobufs;

/** A stand-in: the k-NN plug-in names this type of the gRPC transport, which is not served and not used here. */
public final class QueryContainer {

  private QueryContainer() {}

  /** A stand-in as well. */
  public enum QueryContainerCase {
    /** The only one, because an enumeration needs one. */
    NONE
  }
}
