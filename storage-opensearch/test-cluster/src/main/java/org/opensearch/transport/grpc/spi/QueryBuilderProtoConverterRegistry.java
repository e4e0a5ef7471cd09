package org.opensearch.transport.grpc.spi;

/** A stand-in: the k-NN plug-in names this type of the gRPC transport, which is not served and not used here. */
public interface QueryBuilderProtoConverterRegistry {}
