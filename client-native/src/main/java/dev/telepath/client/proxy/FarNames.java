package dev.telepath.client.proxy;

import com.google.protobuf.ByteString;
import dev.telepath.client.session.Attachment;
import dev.telepath.dns.Answer;
import dev.telepath.dns.RecordType;
import dev.telepath.dns.ResourceRecord;
import dev.telepath.dns.ResponseCode;
import dev.telepath.protocol.telepresence.manager.DNSRequest;
import dev.telepath.protocol.telepresence.manager.DNSResponse;
import dev.telepath.protocol.telepresence.manager.LookupRequest;
import dev.telepath.tunnel.capability.Capability;
import io.netty.util.NetUtil;
import io.smallrye.mutiny.Uni;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** Resolves names where the workloads are, never on this machine. Thread-safe, never blocks. */
final class FarNames {
    private FarNames() {}

    /** The addresses of a name or literal, IPv4 first; empty when there are none. */
    static Uni<List<InetAddress>> resolve(Attachment attachment, String host) {
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(host);
        if (literal != null) {
            return Uni.createFrom().item(addresses(List.of(literal)));
        }
        return attachment
                .capabilities()
                .call(
                        Capability.LOOKUP,
                        () -> attachment
                                .manage()
                                .lookup(LookupRequest.newBuilder()
                                        .setSession(attachment.session())
                                        .setName(host)
                                        .build())
                                .map(reply -> addresses(reply.getIpsList().stream()
                                        .map(ByteString::toByteArray)
                                        .toList())),
                        () -> question(attachment, host, RecordType.A)
                                .chain(found -> found.isEmpty()
                                        ? question(attachment, host, RecordType.AAAA)
                                        : Uni.createFrom().item(found)));
    }

    private static Uni<List<InetAddress>> question(Attachment attachment, String host, int type) {
        String name = host.endsWith(".") ? host : host + ".";
        return attachment
                .manage()
                .lookupDNS(DNSRequest.newBuilder()
                        .setSession(attachment.session())
                        .setName(name)
                        .setType(type)
                        .build())
                .map(FarNames::answers);
    }

    private static List<InetAddress> answers(DNSResponse response) {
        Answer answer = Answer.of(response);
        return answer.rcode() == ResponseCode.NO_ERROR ? ResourceRecord.addresses(answer.records()) : List.of();
    }

    private static List<InetAddress> addresses(List<byte[]> raw) {
        List<InetAddress> found = new ArrayList<>();
        for (byte[] bytes : raw) {
            if (bytes.length == 4 || bytes.length == 16) {
                try {
                    found.add(InetAddress.getByAddress(bytes));
                } catch (UnknownHostException e) {
                    throw new IllegalStateException("an address of 4 or 16 bytes is always accepted", e);
                }
            }
        }
        found.sort((a, b) -> Integer.compare(a.getAddress().length, b.getAddress().length));
        return found;
    }
}
