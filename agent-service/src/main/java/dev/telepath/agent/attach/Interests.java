package dev.telepath.agent.attach;

import dev.telepath.agent.carry.AgentStreams;
import dev.telepath.agent.dial.DialAnswers;
import dev.telepath.agent.direct.DirectListening;
import dev.telepath.agent.engage.Engagements;
import dev.telepath.agent.metrics.AgentMetrics;
import dev.telepath.agent.metrics.ClientTraffic;
import dev.telepath.agent.names.Names;
import dev.telepath.tunnel.bridge.Credit;

/** What a manager's messages are for. */
public record Interests(
        Self self,
        Engagements engagements,
        DialAnswers dials,
        Names names,
        AgentMetrics metrics,
        ClientTraffic traffic,
        Credit credit,
        AgentStreams streams,
        DirectListening direct) {}
