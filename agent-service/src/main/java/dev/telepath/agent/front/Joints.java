package dev.telepath.agent.front;

import dev.telepath.agent.dial.Destinations;
import dev.telepath.agent.divert.Diversions;
import dev.telepath.agent.divert.Wiretaps;
import dev.telepath.agent.engage.Engagements;
import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.metrics.ClientTraffic;
import dev.telepath.tunnel.bridge.Credit;
import java.time.Duration;

/**
 * What every guarded port needs to join what it accepts.
 *
 * @param dialTimeout of dials to the workload
 * @param udpIdle silence after which a UDP flow ends
 * @param udpFlows flows at once per port
 * @param patience how long a caller may be silent before the workload may speak first, where requests are split
 */
public record Joints(
        Engagements engagements,
        Diversions diversions,
        Wiretaps wiretaps,
        Destinations destinations,
        AgentMetrics metrics,
        ClientTraffic traffic,
        Credit credit,
        Duration dialTimeout,
        Duration udpIdle,
        int udpFlows,
        Duration patience) {}
