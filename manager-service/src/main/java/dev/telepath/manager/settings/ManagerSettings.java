package dev.telepath.manager.settings;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Every setting of the manager, in one place; {@code docs/manager.md} lists them for users. Flags go before environment,
 * environment before file, file before these defaults.
 */
@ConfigMapping(prefix = "telepath.manager")
public interface ManagerSettings {
    /** Where the CA, keys and certificates lie. */
    @WithDefault("${user.home}/.telepath/manager")
    String dataDir();

    /** Address that both ports listen on. */
    @WithDefault("0.0.0.0")
    String host();

    /** TLS port, 0 to 65535; 0 takes a free one. */
    @WithDefault("8443")
    int port();

    /** Clear-text port for Telepresence peers, 0 to 65535; off when absent. */
    Optional<Integer> legacyPort();

    /** Version told to Telepresence peers, which refuse managers that look too old. */
    @WithDefault("v2.27.4")
    String legacyVersion();

    /** Which agents callers of the clear-text port may see and engage. */
    @WithDefault("own")
    LegacyAgents legacyAgents();

    /** Agents that callers who prove nothing get to. */
    enum LegacyAgents {
        /** Those that came by the clear-text port too. */
        OWN,
        /** Those that proved who they are, as well: whoever reaches the port may engage every workload. */
        ALL
    }

    /** File whose content is handed out by {@code GetClientConfig}. */
    Optional<String> clientConfig();

    /** DNS domain of the workloads. */
    @WithDefault("cluster.local.")
    String clusterDomain();

    /** Threads that carry bytes; 0 = one up to two processors, else one per processor. */
    @WithDefault("0")
    int threads();

    /** How long streams of the older kind may take to finish when the manager is told to end; 0 to 10 min. */
    @WithDefault("5s")
    Duration drain();

    /** Further DNS names in the server's certificate. */
    Optional<List<String>> serverNames();

    /** Directory with {@code tls.crt}, {@code tls.key} and {@code ca.crt} of another CA; the installation has its own unless given. */
    Optional<String> certificateDir();

    /** How often those files are looked at, and the server reads its own again; 30 s to 1 day. */
    @WithDefault("1m")
    Duration certificateLook();

    KubernetesSettings kubernetes();

    AgentSettings agents();

    SessionSettings sessions();

    EngagementSettings engagements();

    StreamSettings streams();

    WatchSettings watches();

    DnsSettings dns();

    LogSettings logs();

    MetricsSettings metrics();

    /** Where the manager runs in Kubernetes. Workloads and agents are the cluster's only with {@code enabled}. */
    interface KubernetesSettings {
        /** Whether workloads are those of the cluster, and agents are injected. */
        @WithDefault("false")
        boolean enabled();

        /** The manager's own namespace, and that of the clients' service account; that of its pod unless given. */
        Optional<String> namespace();

        /** Secret of that namespace that keeps CA and signing key; the data directory alone unless given. */
        Optional<String> keysSecret();

        /** ConfigMap of that namespace in which clients find the CA's certificate; not written unless given. */
        Optional<String> clientConfigMap();

        /** Name of the Service that agents and the API server reach the manager by. */
        @WithDefault("telepath-manager")
        String service();

        /** Namespaces that are managed, at most 1,000; all when neither these nor a selector are given. */
        Optional<List<String>> namespaces();

        /** Label selector of the namespaces that are managed. */
        Optional<String> namespaceSelector();

        /** Address of the manager's own pod. */
        Optional<String> podIp();

        /** Networks of Services, as {@code 10.96.0.0/12}; what the cluster tells unless given. At most 64. */
        Optional<List<String>> serviceCidrs();

        /**
         * How the pods' networks are found: {@code nodePodCIDRs}, {@code coverPodIPs} = around the pods' addresses,
         * {@code environment} = as in {@link #podCidrs}, {@code auto} = by the nodes where they tell it, else by the pods.
         */
        @WithDefault("auto")
        String podCidrStrategy();

        /** Networks of pods, with the strategy {@code environment}. At most 64. */
        Optional<List<String>> podCidrs();

        /** Name of the MutatingWebhookConfiguration; {@code telepath-manager-NAMESPACE} unless given. */
        Optional<String> webhook();

        /** Whether its tokens are accepted: {@code on}, {@code off}, or {@code auto} = in a pod with a service account. */
        @WithDefault("auto")
        String identity();

        /** Service account whose tokens are a client's. */
        @WithDefault("telepath-client")
        String clientAccount();

        /** Whether clients that the API server knows need its leave to engage a workload: {@code on} or {@code off}. */
        @WithDefault("on")
        String access();

        /** How long its answer about what somebody may do is taken without asking again; 0 to 5 min. */
        @WithDefault("10s")
        Duration accessKeep();

        /** How long an answer about a token is taken without asking again; 1 s to 10 min. */
        @WithDefault("1m")
        Duration reviewKeep();

        /** How long a token that was vouched for is still taken while the API server is away; review-keep to 24 h. */
        @WithDefault("10m")
        Duration reviewStale();

        /** How long one question may take; 100 ms to 1 min. */
        @WithDefault("5s")
        Duration reviewTimeout();

        /** Most tokens that are known at a time; 16 to 1,000,000. */
        @WithDefault("4096")
        int reviewsMax();

        /** Most questions under way; 1 to 10,000. */
        @WithDefault("256")
        int reviewsPending();
    }

    /** Agents that the manager injects. */
    interface AgentSettings {
        /** Image of the agent; without it nothing is injected. */
        Optional<String> image();

        /** Always, IfNotPresent or Never. */
        @WithDefault("IfNotPresent")
        String imagePullPolicy();

        /** First port that an agent listens on in a pod; it takes the next free ones. 1024 to 60000. */
        @WithDefault("9900")
        int firstPort();

        /** User that the agent runs as where the workload names none; 1 to 2147483647. */
        @WithDefault("65532")
        long user();

        /** CPU that an agent asks for, as a Kubernetes quantity. */
        @WithDefault("10m")
        String cpuRequest();

        /** Memory that an agent asks for. */
        @WithDefault("64Mi")
        String memoryRequest();

        /** Most CPU of an agent; no limit unless given. */
        Optional<String> cpuLimit();

        /** Most memory of an agent; no limit unless given. */
        Optional<String> memoryLimit();

        /** Whether numeric and headless ports may be taken by redirect rules, which need an init container with NET_ADMIN. */
        @WithDefault("true")
        boolean redirect();

        /** How Kubernetes learns that an agent forwards: {@code probe}, or {@code hook} with images that have it at /telepath. */
        @WithDefault("probe")
        String startCheck();

        /** Secret in the workload's namespace, key {@code token}, used in place of the pod's own service account token. */
        Optional<String> tokenSecret();

        /** How volumes are lent where a pod does not say: JSON, or NAME=POLICY and /PATH=POLICY, comma-separated. */
        Optional<String> mountPolicies();

        /** Whether agents serve clients that come straight to them by a port-forward, in clear text and without proof. */
        @WithDefault("false")
        boolean api();

        /** How long a request waits for the agent that it needs; 1 s to 1 h. */
        @WithDefault("25s")
        Duration arrival();

        /** How long an agent that was injected on demand may be unused before it is removed; 0 is never, else 1 min to 30 d. */
        @WithDefault("0s")
        Duration idle();

        /**
         * How long a container stays replaced after a start of the manager, until the client that replaces it is back; 1 s to
         * 24 h.
         */
        @WithDefault("1m")
        Duration replacedGrace();
    }

    /** Session life. */
    interface SessionSettings {
        /** Silence after which an agent is gone; 5 s to 1 h. */
        @WithDefault("15s")
        Duration agentExpiry();

        /** The same for Telepresence agents since 2.24, which call once a minute; 61 s to 1 h. */
        @WithDefault("70s")
        Duration slowAgentExpiry();

        /** Silence after which a client is gone; 10 s to 30 d. */
        @WithDefault("24h")
        Duration clientExpiry();

        /** How often silence is looked for; 100 ms to 1 min. */
        @WithDefault("5s")
        Duration expiryTick();

        /** Silence of an edge that beats after which its connection is closed; 300 ms to 10 min. */
        @WithDefault("15s")
        Duration silenceLimit();

        /** Most sessions at a time; 1 to 1,000,000. */
        @WithDefault("10000")
        int max();
    }

    /** Engagements. */
    interface EngagementSettings {
        /** Silence of a holder after which another client may take over its port; 30 s to 24 h. */
        @WithDefault("10m")
        Duration inactiveBlock();

        /** Most engagements of one session; 1 to 10,000. */
        @WithDefault("100")
        int maxPerSession();
    }

    /** Streams. */
    interface StreamSettings {
        /** Bytes that one stream may have under way in the manager; 32 KiB to 32 MiB. */
        @WithDefault("256K")
        MemorySize credit();

        /** Bytes that all streams of one connection may have under way beyond their first frame; 0 to 4 GiB. */
        @WithDefault("16M")
        MemorySize connectionCredit();

        /** Upper bound of the dial timeout that a peer asks for, and the default where it asks for none; 1 s to 10 min. */
        @WithDefault("30s")
        Duration dialTimeout();

        /** Most dial requests that wait to be read by one watcher; 16 to 100,000. */
        @WithDefault("4096")
        int dialQueue();

        /** How long a late answer to a dial request is still known to be late; 1 s to 10 min. */
        @WithDefault("60s")
        Duration lateAnswer();

        /** Whether the manager dials itself when no agent can. */
        @WithDefault("true")
        boolean managerDials();

        /** Whether agents and clients are told of each other, so that they connect past the manager where they can. */
        @WithDefault("true")
        boolean direct();

        /** Silence that ends a flow of datagrams which the manager dialled; 1 s to 1 h. */
        @WithDefault("60s")
        Duration udpIdle();

        /** How long a new stream waits for an edge that has just lost its connection; 0 to 1 min. */
        @WithDefault("2s")
        Duration hold();

        /** Bytes that a resumable stream which ends here may have under way at its beginning; 64 KiB to 16 MiB. */
        @WithDefault("256K")
        MemorySize window();

        /** Bytes that it may come to as bandwidth and delay ask for; at least the window, to 256 MiB. */
        @WithDefault("4M")
        MemorySize windowMost();

        /** Bytes that all resumable streams which end here keep together; 1 MiB to 16 GiB. */
        @WithDefault("64M")
        MemorySize budget();

        /** How long a stream that lost its link is kept; 1 s to 24 h. */
        @WithDefault("5m")
        Duration resumeWindow();

        /** How long the end of a stream is known to an edge that asks late; 1 s to 1 h. */
        @WithDefault("10m")
        Duration remember();
    }

    /** Watch streams. */
    interface WatchSettings {
        /** Changes within it are told as one; 0 to 1 s. */
        @WithDefault("5ms")
        Duration window();
    }

    /** Name look-ups. */
    interface DnsSettings {
        /** How long agents may take to answer before the manager's own resolver is asked; 50 ms to 30 s. */
        @WithDefault("2s")
        Duration agentTimeout();

        /** How long name servers have for an answer to the manager's own resolver; 50 ms to 30 s. */
        @WithDefault("2s")
        Duration timeout();

        /** Time to live of the records that the manager makes; 0 to 1 h. */
        @WithDefault("10s")
        Duration ttl();

        /** Most look-ups under way at a time; 1 to 100,000. */
        @WithDefault("1024")
        int maxPending();
    }

    /** Logs. */
    interface LogSettings {
        /** Recent lines kept for {@code GetLogs}; 10 to 100,000. */
        @WithDefault("2000")
        int lines();
    }

    /** Metrics. */
    interface MetricsSettings {
        /** What metrics show of each client: none, hashed or named. */
        @WithDefault("none")
        ClientLabel clients();
    }

    /** What a label of a metric shows of a client. */
    enum ClientLabel {
        /** Clients are only counted. */
        NONE,
        /** The beginning of a hash of its name, and of its installation's id. */
        HASHED,
        /** Its name, which is that of a person most often. */
        NAMED
    }
}
