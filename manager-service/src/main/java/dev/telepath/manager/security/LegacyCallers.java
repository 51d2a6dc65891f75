package dev.telepath.manager.security;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;

/** Marks every caller of a service as one that proves nothing. Thread-safe. */
public final class LegacyCallers {
    private LegacyCallers() {}

    /** The service for the clear-text port, where all are the same caller. */
    public static ServerServiceDefinition mark(ServerServiceDefinition service, Principal caller) {
        var builder = ServerServiceDefinition.builder(service.getServiceDescriptor());
        service.getMethods().forEach(method -> builder.addMethod(marked(method, caller)));
        return builder.build();
    }

    private static <I, O> ServerMethodDefinition<I, O> marked(ServerMethodDefinition<I, O> method, Principal caller) {
        return method.withServerCallHandler((call, headers) -> Contexts.interceptCall(
                Context.current().withValue(Principal.KEY, caller),
                new MaskedCall<>(call),
                headers,
                method.getServerCallHandler()));
    }
}
