package dev.telepath.agent.settings;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * All settings of the agent. {@link Setting} says what each may be; docs/agent.md explains them. Read once at start.
 */
@ConfigMapping(prefix = "telepath.agent")
public interface AgentSettings {
    /** Where the manager is: {@code host:port}, or {@code http://host:port} for a clear-text one. */
    String manager();

    /** File with the join token, or with a bearer token alone; read again at each attempt, and while it is used. */
    Optional<Path> tokenFile();

    /** SHA-256 of the CA's certificate, 64 hexadecimal digits: makes a bearer token alone a join token. */
    Optional<String> caFingerprint();

    /** Name of the workload. */
    String name();

    /** Namespace of the workload. */
    @WithDefault("default")
    String namespace();

    /** The guarded ports, each as {@link GuardedPort#parse} reads it. */
    List<String> ports();

    /** Address that the guarded ports listen on. */
    @WithDefault("0.0.0.0")
    String host();

    /** Names of variables that the workload lends. */
    Optional<List<String>> env();

    /** KEY=VALUE lines: the workload's environment. Without it the agent's own is used. */
    Optional<Path> envFile();

    /** Variables whose names start so are lent too. */
    Optional<String> envPrefix();

    /** Variables whose names start so are copies of the workload's, which lends all of them without it. */
    Optional<String> envCopies();

    /** Files and directories that the workload lends, absolute. */
    Optional<List<Path>> share();

    /** More of them, in which clients may change what the agent may. */
    Optional<List<Path>> shareWritable();

    /** Paths of the workload that are not lent, and that clients are told to have a directory of their own for. */
    Optional<List<Path>> shareLocal();

    /** Address of health and metrics. */
    @WithDefault("127.0.0.1")
    String httpHost();

    /** Port of health and metrics, 0 = chosen by the system. */
    @WithDefault("0")
    int httpPort();

    /** Address of the agent service. */
    @WithDefault("0.0.0.0")
    String apiHost();

    /** Port of the agent service for clients of the direct era, clear text; off unless given. */
    Optional<Integer> apiPort();

    /** Address told to the manager; found by the route to it unless given. */
    Optional<String> address();

    /** Name of the pod that this agent runs in; made of name and process id unless given. */
    Optional<String> podName();

    /** Its uid: an agent of the same uid takes the place of the one before; made of machine, workload and ports unless given. */
    Optional<String> podUid();

    /** Kind of the workload. */
    @WithDefault("Deployment")
    String kind();

    /** Connections that may wait to be accepted, per guarded port. */
    @WithDefault("4096")
    int backlog();

    /** Threads for the sockets of guarded ports; 0 = none of their own up to two processors, else one per processor. */
    @WithDefault("0")
    int threads();

    /** How long a dial may take where the peer named no time. */
    @WithDefault("5s")
    Duration dialTimeout();

    /** Silence after which a UDP flow ends. */
    @WithDefault("60s")
    Duration udpIdle();

    /** UDP flows at once, per guarded port. */
    @WithDefault("4096")
    int udpFlows();

    /** How long the caller of a split connection may be silent before the workload may speak first. */
    @WithDefault("300ms")
    Duration splitPatience();

    /** Bytes that one wiretap copy may lag behind. */
    @WithDefault("1M")
    MemorySize wiretapBuffer();

    /** Bytes under way per stream and direction. */
    @WithDefault("256K")
    MemorySize streamCredit();

    /** Bytes under way in all streams together, beyond one frame for each. */
    @WithDefault("16M")
    MemorySize connectionCredit();

    /** Bytes under way in a new resumable stream and direction. */
    @WithDefault("256K")
    MemorySize streamWindow();

    /** Bytes that may come to, as bandwidth and delay ask for. */
    @WithDefault("4M")
    MemorySize streamWindowMost();

    /** Bytes that all resumable streams keep together. */
    @WithDefault("64M")
    MemorySize streamBudget();

    /** How long a stream that lost its connection is kept. */
    @WithDefault("5m")
    Duration resumeWindow();

    /** How long the end of a stream is known to an edge that asks late. */
    @WithDefault("10m")
    Duration resumeRemember();

    /** Links whose stream has ended that are kept for the next to the same place; 0: none. */
    @WithDefault("256")
    int streamIdleLinks();

    /** Whether clients that engage the workload may connect to this agent itself, past the manager, where they reach it. */
    @WithDefault("true")
    boolean direct();

    /** How long a new connection of an engaged port waits for a manager that is away. */
    @WithDefault("2s")
    Duration hold();

    /** Deadline of one control call. */
    @WithDefault("10s")
    Duration callTimeout();

    /** Period of the sign of life. */
    @WithDefault("5s")
    Duration remainInterval();

    /** Period of the heartbeat, for managers that know it. */
    @WithDefault("5s")
    Duration heartbeatInterval();

    /** Silence after which the connection is given up; at least two heartbeats. */
    @WithDefault("15s")
    Duration heartbeatLimit();

    /** Period of traffic reports. */
    @WithDefault("10s")
    Duration reportInterval();

    /** How long engagements stay as they are while the manager is away. */
    @WithDefault("10s")
    Duration engagementGrace();

    /** Upper bound of the first wait before attaching again. */
    @WithDefault("200ms")
    Duration reconnectFirst();

    /** Upper bound of every wait before attaching again. */
    @WithDefault("10s")
    Duration reconnectMost();

    /** Wait after the manager denied the token. */
    @WithDefault("60s")
    Duration reconnectDenied();

    /** How long a connection must hold for the waits to start anew. */
    @WithDefault("10s")
    Duration reconnectStable();

    /** How often it is seen whether this machine's addresses or the token file changed. */
    @WithDefault("5s")
    Duration networkPoll();

    /** Name look-ups at once; more are answered with a failure. */
    @WithDefault("64")
    int lookups();

    /** How long the name servers of the workload's network have for an answer. */
    @WithDefault("2s")
    Duration lookupTimeout();

    /** Requests to the share at once; more are refused. */
    @WithDefault("16")
    int shareRequests();

    /** Whether lent files are served by SFTP too. */
    @WithDefault("true")
    boolean sftp();

    /** Whether SFTP clients are served that bring no token, which those of Telepresence cannot. */
    @WithDefault("false")
    boolean sftpOpen();

    /** SFTP connections at once; more are refused. */
    @WithDefault("16")
    int sftpConnections();

    /** Files and directories that one SFTP connection may have open. */
    @WithDefault("256")
    int sftpHandles();

    /** Recent log lines kept for {@code tp gather-logs}; 0 lends none. */
    @WithDefault("1000")
    int logLines();

    /** How long a stop waits for open streams. */
    @WithDefault("2s")
    Duration drain();
}
