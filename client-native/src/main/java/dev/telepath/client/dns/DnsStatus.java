package dev.telepath.client.dns;

import java.util.List;

/**
 * What there is to tell of names at one moment.
 *
 * @param domain of the cluster, without dots around it
 * @param namespace where single labels are looked for
 * @param servers of this machine, {@code address:port}, that all other names go to
 * @param cluster questions that went to the cluster or were answered from what it said, ever
 * @param other questions handed to this machine's servers, ever
 * @param cacheHits of {@code cluster} those answered without asking
 * @param failed of both those that got no answer: SERVFAIL
 * @param pending under way now
 * @param cached answers kept now
 * @param loops suffixes whose questions the cluster's DNS asks this machine in turn; empty when there is no loop
 */
public record DnsStatus(
        String domain,
        String namespace,
        List<String> servers,
        long cluster,
        long other,
        long cacheHits,
        long failed,
        int pending,
        int cached,
        List<String> loops) {}
