package dev.telepath.manager.legacy;

import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse;
import grpc.health.v1.MutinyHealthGrpc;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;

/** The gRPC health service of the clear-text port: who is answered is served. */
final class LegacyHealth extends MutinyHealthGrpc.HealthImplBase {
    private static final HealthCheckResponse SERVING = HealthCheckResponse.newBuilder()
            .setStatus(HealthCheckResponse.ServingStatus.SERVING)
            .build();

    @Override
    public Uni<HealthCheckResponse> check(HealthCheckRequest request) {
        return Uni.createFrom().item(SERVING);
    }

    @Override
    public Multi<HealthCheckResponse> watch(HealthCheckRequest request) {
        return Multi.createBy()
                .concatenating()
                .streams(Multi.createFrom().item(SERVING), Multi.createFrom().nothing());
    }
}
