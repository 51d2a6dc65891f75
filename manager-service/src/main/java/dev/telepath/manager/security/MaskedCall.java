package dev.telepath.manager.security;

import io.grpc.ForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;

/** A call whose end goes through the {@link FaultMask}. */
final class MaskedCall<I, O> extends ForwardingServerCall.SimpleForwardingServerCall<I, O> {
    MaskedCall(ServerCall<I, O> call) {
        super(call);
    }

    @Override
    public void close(Status status, Metadata trailers) {
        if (FaultMask.covers(status)) {
            super.close(FaultMask.told(status, getMethodDescriptor().getFullMethodName()), new Metadata());
        } else {
            super.close(status, trailers);
        }
    }
}
