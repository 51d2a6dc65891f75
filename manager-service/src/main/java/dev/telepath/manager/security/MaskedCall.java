package dev.telepath.manager.security;

import io.grpc.ForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import java.util.UUID;
import org.jboss.logging.Logger;

/** Keeps faults of our code from the peer: it gets a reference, the log gets the cause. */
final class MaskedCall<I, O> extends ForwardingServerCall.SimpleForwardingServerCall<I, O> {
    private static final Logger LOG = Logger.getLogger(MaskedCall.class);

    MaskedCall(ServerCall<I, O> call) {
        super(call);
    }

    @Override
    public void close(Status status, Metadata trailers) {
        if (status.getCode() != Status.Code.UNKNOWN && status.getCode() != Status.Code.INTERNAL) {
            super.close(status, trailers);
            return;
        }
        String reference = UUID.randomUUID().toString().substring(0, 8);
        LOG.errorf(
                status.getCause(),
                "call failed reference=%s method=%s status=%s",
                reference,
                getMethodDescriptor().getFullMethodName(),
                status.getDescription());
        super.close(
                Status.INTERNAL.withDescription(
                        "the manager failed to answer; its log has the cause under reference " + reference),
                new Metadata());
    }
}
