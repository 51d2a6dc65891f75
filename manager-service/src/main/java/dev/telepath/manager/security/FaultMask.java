package dev.telepath.manager.security;

import io.grpc.Status;
import java.util.UUID;
import org.jboss.logging.Logger;

/** Keeps faults of our code from the peer: it gets a reference, the log gets the cause. Thread-safe. */
public final class FaultMask {
    private static final Logger LOG = Logger.getLogger(FaultMask.class);

    private FaultMask() {}

    /** Whether that status is a fault of ours. */
    static boolean covers(Status status) {
        return status.getCode() == Status.Code.UNKNOWN || status.getCode() == Status.Code.INTERNAL;
    }

    /**
     * What the peer of a call may be told of its end.
     *
     * @param method full name of the gRPC method, for the log
     */
    public static Status told(Status status, String method) {
        if (!covers(status)) {
            return status;
        }
        String reference = UUID.randomUUID().toString().substring(0, 8);
        LOG.errorf(
                status.getCause(),
                "call failed reference=%s method=%s status=%s",
                reference,
                method,
                status.getDescription());
        return Status.INTERNAL.withDescription(
                "the manager failed to answer; its log has the cause under reference " + reference);
    }
}
