package dev.telepath.manager.cli;

import dev.telepath.manager.kubernetes.injection.InjectionSettings;
import dev.telepath.manager.kubernetes.injection.MountPolicies;
import dev.telepath.manager.kubernetes.network.ClusterRanges;
import dev.telepath.manager.network.Subnet;
import dev.telepath.manager.settings.ManagerSettings;
import java.time.Duration;
import java.util.List;

/** Holds settings to the ranges that {@code docs/manager.md} gives. */
final class Ranges {
    private static final long KIB = 1024;
    private static final long MIB = 1024 * KIB;

    private Ranges() {}

    /**
     * @throws UsageProblem naming the first setting that is out of range
     */
    static void check(ManagerSettings settings) {
        number("port", settings.port(), 0, 65535);
        settings.legacyPort().ifPresent(port -> number("legacy-port", port, 0, 65535));
        number("threads", settings.threads(), 0, 256);
        time("drain", settings.drain(), Duration.ZERO, Duration.ofMinutes(10));
        time("certificate-look", settings.certificateLook(), Duration.ofSeconds(30), Duration.ofDays(1));
        number(
                "kubernetes.namespaces",
                settings.kubernetes().namespaces().map(List::size).orElse(0),
                0,
                1000);
        var agents = settings.agents();
        number("agents.first-port", agents.firstPort(), 1024, 60_000);
        number("agents.user", agents.user(), 1, Integer.MAX_VALUE);
        time("agents.arrival", agents.arrival(), Duration.ofSeconds(1), Duration.ofHours(1));
        if (!agents.idle().isZero()) {
            time("agents.idle", agents.idle(), Duration.ofMinutes(1), Duration.ofDays(30));
        }
        time("agents.replaced-grace", agents.replacedGrace(), Duration.ofSeconds(1), Duration.ofHours(24));
        if (!List.of("Always", "IfNotPresent", "Never").contains(agents.imagePullPolicy())) {
            throw new UsageProblem("setting telepath.manager.agents.image-pull-policy is " + agents.imagePullPolicy()
                    + ", expected Always, IfNotPresent or Never");
        }
        if (InjectionSettings.StartCheck.of(agents.startCheck()).isEmpty()) {
            throw new UsageProblem("setting telepath.manager.agents.start-check is " + agents.startCheck()
                    + ", expected probe or hook");
        }
        try {
            agents.mountPolicies().ifPresent(MountPolicies::parse);
        } catch (IllegalArgumentException e) {
            throw new UsageProblem("setting telepath.manager.agents.mount-policies: " + e.getMessage());
        }
        var sessions = settings.sessions();
        time("sessions.agent-expiry", sessions.agentExpiry(), Duration.ofSeconds(5), Duration.ofHours(1));
        time("sessions.slow-agent-expiry", sessions.slowAgentExpiry(), Duration.ofSeconds(61), Duration.ofHours(1));
        time("sessions.client-expiry", sessions.clientExpiry(), Duration.ofSeconds(10), Duration.ofDays(30));
        time("sessions.expiry-tick", sessions.expiryTick(), Duration.ofMillis(100), Duration.ofMinutes(1));
        time("sessions.silence-limit", sessions.silenceLimit(), Duration.ofMillis(300), Duration.ofMinutes(10));
        number("sessions.max", sessions.max(), 1, 1_000_000);
        var engagements = settings.engagements();
        time("engagements.inactive-block", engagements.inactiveBlock(), Duration.ofSeconds(30), Duration.ofHours(24));
        number("engagements.max-per-session", engagements.maxPerSession(), 1, 10_000);
        var streams = settings.streams();
        number("streams.credit", streams.credit().asLongValue(), 32 * KIB, 32 * MIB);
        number("streams.connection-credit", streams.connectionCredit().asLongValue(), 0, 4096 * MIB);
        time("streams.dial-timeout", streams.dialTimeout(), Duration.ofSeconds(1), Duration.ofMinutes(10));
        number("streams.dial-queue", streams.dialQueue(), 16, 100_000);
        time("streams.late-answer", streams.lateAnswer(), Duration.ofSeconds(1), Duration.ofMinutes(10));
        time("streams.udp-idle", streams.udpIdle(), Duration.ofSeconds(1), Duration.ofHours(1));
        time("streams.hold", streams.hold(), Duration.ZERO, Duration.ofMinutes(1));
        number("streams.window", streams.window().asLongValue(), 64 * KIB, 16 * MIB);
        number(
                "streams.window-most",
                streams.windowMost().asLongValue(),
                streams.window().asLongValue(),
                256 * MIB);
        number("streams.budget", streams.budget().asLongValue(), MIB, 16_384 * MIB);
        time("streams.resume-window", streams.resumeWindow(), Duration.ofSeconds(1), Duration.ofHours(24));
        time("streams.remember", streams.remember(), Duration.ofSeconds(1), Duration.ofHours(1));
        time("watches.window", settings.watches().window(), Duration.ZERO, Duration.ofSeconds(1));
        time("dns.agent-timeout", settings.dns().agentTimeout(), Duration.ofMillis(50), Duration.ofSeconds(30));
        time("dns.timeout", settings.dns().timeout(), Duration.ofMillis(50), Duration.ofSeconds(30));
        time("dns.ttl", settings.dns().ttl(), Duration.ZERO, Duration.ofHours(1));
        number("dns.max-pending", settings.dns().maxPending(), 1, 100_000);
        var kubernetes = settings.kubernetes();
        if (!List.of("auto", "on", "off").contains(kubernetes.identity())) {
            throw new UsageProblem("setting telepath.manager.kubernetes.identity is " + kubernetes.identity()
                    + ", expected auto, on or off");
        }
        if (ClusterRanges.Strategy.of(kubernetes.podCidrStrategy()).isEmpty()) {
            throw new UsageProblem("setting telepath.manager.kubernetes.pod-cidr-strategy is "
                    + kubernetes.podCidrStrategy() + ", expected auto, nodePodCIDRs, coverPodIPs or environment");
        }
        networks("kubernetes.service-cidrs", kubernetes.serviceCidrs().orElse(List.of()));
        networks("kubernetes.pod-cidrs", kubernetes.podCidrs().orElse(List.of()));
        if (!List.of("on", "off").contains(kubernetes.access())) {
            throw new UsageProblem(
                    "setting telepath.manager.kubernetes.access is " + kubernetes.access() + ", expected on or off");
        }
        time("kubernetes.access-keep", kubernetes.accessKeep(), Duration.ZERO, Duration.ofMinutes(5));
        time("kubernetes.review-keep", kubernetes.reviewKeep(), Duration.ofSeconds(1), Duration.ofMinutes(10));
        time("kubernetes.review-stale", kubernetes.reviewStale(), kubernetes.reviewKeep(), Duration.ofHours(24));
        time("kubernetes.review-timeout", kubernetes.reviewTimeout(), Duration.ofMillis(100), Duration.ofMinutes(1));
        number("kubernetes.reviews-max", kubernetes.reviewsMax(), 16, 1_000_000);
        number("kubernetes.reviews-pending", kubernetes.reviewsPending(), 1, 10_000);
        number("logs.lines", settings.logs().lines(), 10, 100_000);
    }

    private static void networks(String key, List<String> given) {
        number(key, given.size(), 0, 64);
        try {
            Subnet.list(given);
        } catch (IllegalArgumentException e) {
            throw new UsageProblem("setting telepath.manager." + key + ": " + e.getMessage());
        }
    }

    private static void number(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw outside(key, value, least, most);
        }
    }

    private static void time(String key, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw outside(key, text(value), text(least), text(most));
        }
    }

    private static String text(Duration time) {
        return time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
    }

    private static UsageProblem outside(String key, Object value, Object least, Object most) {
        return new UsageProblem(
                "setting telepath.manager." + key + " is " + value + ", out of range (" + least + " to " + most + ")");
    }
}
