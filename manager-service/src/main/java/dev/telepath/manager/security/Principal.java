package dev.telepath.manager.security;

import io.grpc.Context;
import io.grpc.Status;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who makes a call, as proved by its token.
 *
 * @param subject user or agent name; {@code *} for an agent token that any workload may use
 * @param legacy true on the clear-text port: such callers prove nothing
 * @param pod what the API server says the caller runs in; empty where no API server vouched for it
 * @param seesAll false for callers who see only legacy agents
 * @param account of a client that the API server vouched for; empty for others, whose rights it does not know
 */
public record Principal(
        String subject, Role role, boolean legacy, Optional<Pod> pod, boolean seesAll, Optional<Account> account) {
    /**
     * Whom the API server knows a client for, as it may be asked about.
     *
     * @param user such as {@code system:serviceaccount:NAMESPACE:NAME}
     * @param groups sorted
     * @param uid may be empty
     */
    public record Account(String user, List<String> groups, String uid) {
        public Account {
            groups = groups.stream().sorted().toList();
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Account that
                    && user.equals(that.user)
                    && groups.equals(that.groups)
                    && uid.equals(that.uid);
        }

        @Override
        public int hashCode() {
            return 31 * (31 * user.hashCode() + groups.hashCode()) + uid.hashCode();
        }
    }

    /**
     * A pod that a token is bound to.
     *
     * @param uid may be empty
     * @param account name of its service account
     */
    public record Pod(String namespace, String name, String uid, String account) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Pod that
                    && namespace.equals(that.namespace)
                    && name.equals(that.name)
                    && uid.equals(that.uid)
                    && account.equals(that.account);
        }

        @Override
        public int hashCode() {
            return Objects.hash(namespace, name, uid, account);
        }
    }

    public Principal(String subject, Role role, boolean legacy) {
        this(subject, role, legacy, Optional.empty());
    }

    public Principal(String subject, Role role, boolean legacy, Optional<Pod> pod) {
        this(subject, role, legacy, pod, !legacy, Optional.empty());
    }

    static Principal client(String subject, Account account) {
        return new Principal(subject, Role.CLIENT, false, Optional.empty(), true, Optional.of(account));
    }

    /** Every caller on the clear-text port, unless the installation says otherwise. */
    public static final Principal LEGACY = new Principal("legacy", Role.ANY, true);

    /** Every caller on a clear-text port that is open to all workloads. */
    public static final Principal TRUSTED_LEGACY =
            new Principal("legacy", Role.ANY, true, Optional.empty(), true, Optional.empty());

    private static final String ANY_WORKLOAD = "*";

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

    /** Whether the token allows to be an agent of that workload, in that pod if one is named. */
    public boolean mayGuard(String namespace, String workload, String podName, String podUid) {
        if (pod.isEmpty()) {
            return legacy || subject.equals(ANY_WORKLOAD) || subject.equals(workload);
        }
        Pod proved = pod.get();
        return proved.namespace().equals(namespace)
                && (podName.isEmpty() || proved.name().equals(podName))
                && (podUid.isEmpty() || proved.uid().equals(podUid))
                && (proved.name().equals(workload) || proved.name().startsWith(workload + "-"));
    }

    /** Whether sessions of the other may be listed and engaged by this one. */
    public boolean sees(Principal owner) {
        return seesAll || owner.legacy();
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

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Principal that
                && role == that.role
                && legacy == that.legacy
                && seesAll == that.seesAll
                && subject.equals(that.subject)
                && pod.equals(that.pod)
                && account.equals(that.account);
    }

    @Override
    public int hashCode() {
        return Objects.hash(subject, role, legacy, pod, seesAll, account);
    }
}
