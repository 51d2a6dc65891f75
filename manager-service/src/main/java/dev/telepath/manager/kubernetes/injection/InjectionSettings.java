package dev.telepath.manager.kubernetes.injection;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What every injected agent is given.
 *
 * @param image empty: nothing is injected
 * @param pullPolicy as Kubernetes spells it
 * @param manager {@code host:port} as agents reach it
 * @param caFingerprint SHA-256 of the manager's CA, 64 hexadecimal digits
 * @param firstPort an agent listens here and on the next free ports, 1024 to 60000
 * @param user that the agent runs as where the pod names none
 * @param resources what an agent asks for and may use
 * @param redirect whether redirect rules may be set by an init container
 * @param startCheck how Kubernetes learns that an agent forwards
 * @param tokenSecret Secret with the agent's token; empty for the token of the pod's service account
 * @param mountPolicies how volumes are lent where the pod does not say otherwise
 * @param api whether agents serve clients that come straight to them, where the pod does not say otherwise
 */
public record InjectionSettings(
        Optional<String> image,
        String pullPolicy,
        String manager,
        String caFingerprint,
        int firstPort,
        long user,
        Resources resources,
        boolean redirect,
        StartCheck startCheck,
        Optional<String> tokenSecret,
        MountPolicies mountPolicies,
        boolean api) {

    /** How Kubernetes learns that an agent forwards. */
    public enum StartCheck {
        /** By probes. Kubernetes looks once a second at most, so a pod is ready a second later than it could be. */
        PROBE,
        /**
         * By a hook that the kubelet waits for before it calls the container started. The image has to have the program at
         * {@code /telepath}, as native ones have.
         */
        HOOK;

        /** By its name in settings, in lower case. */
        public static Optional<StartCheck> of(String name) {
            return Stream.of(values())
                    .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(name))
                    .findFirst();
        }
    }

    /** Kubernetes quantities. */
    public record Resources(String cpu, String memory, Optional<String> mostCpu, Optional<String> mostMemory) {}
}
