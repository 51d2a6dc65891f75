package dev.telepath.manager.security;

import io.grpc.Context;
import io.grpc.Status;

/**
 * Who makes a call, as proved by its token.
 *
 * @param subject user or agent name; {@code *} for an agent token that any workload may use
 * @param legacy true on the clear-text port: such callers prove nothing and see only each other
 */
public record Principal(String subject, Role role, boolean legacy) {
    /** Every caller on the clear-text port. */
    public static final Principal LEGACY = new Principal("legacy", Role.ANY, true);

    static final Context.Key<Principal> KEY = Context.key("telepath-principal");

    /**
     * The caller of the current call. Only on the thread that starts a service method.
     *
     * @throws io.grpc.StatusRuntimeException UNAUTHENTICATED when no interceptor has let the call in
     */
    public static Principal current() {
        Principal caller = KEY.get();
        if (caller == null) {
            throw Status.UNAUTHENTICATED
                    .withDescription("the call carries no proof of its caller")
                    .asRuntimeException();
        }
        return caller;
    }

    /** Whether what belongs to the other belongs to this one too. */
    public boolean owns(Principal owner) {
        return equals(owner);
    }

    /** Whether sessions of the other may be listed and engaged by this one. */
    public boolean sees(Principal owner) {
        return !legacy || owner.legacy();
    }

    /**
     * @throws io.grpc.StatusRuntimeException PERMISSION_DENIED when the caller has another role
     */
    public void require(Role needed) {
        if (role != needed && role != Role.ANY) {
            throw Status.PERMISSION_DENIED
                    .withDescription(
                            "this call needs a token of role " + needed.label() + ", yours has role " + role.label())
                    .asRuntimeException();
        }
    }
}
