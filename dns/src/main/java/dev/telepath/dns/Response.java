package dev.telepath.dns;

import java.util.ArrayList;

/** Reads what name servers answer. Pure. */
final class Response {
    private Response() {}

    /**
     * The answer section, names in full; records beyond {@value ResourceRecord#MOST}, or beyond what fits into one message
     * when they are packed, are left out.
     *
     * @param message that answers the query, by {@link Query#isAnsweredBy}
     * @return a failure where it is damaged, or says something of the name without its question
     */
    static Answer read(Query query, byte[] message) {
        int rcode = message[3] & 0xf;
        if (Query.short16(message, 4) != 1) {
            return Answer.code(
                    rcode == ResponseCode.NO_ERROR || rcode == ResponseCode.NAME_ERROR
                            ? ResponseCode.SERVER_FAILURE
                            : rcode);
        }
        var records = new ArrayList<ResourceRecord>();
        var in = new MessageReader(message, query.end());
        int left = TcpMessages.MOST;
        try {
            for (int i = Query.short16(message, 6); i > 0 && records.size() < ResourceRecord.MOST; i--) {
                var one = ResourceRecord.read(in);
                if (one.isPresent()) {
                    left -= one.get().packedSize();
                    if (left < 0) {
                        break;
                    }
                    records.add(one.get());
                }
            }
        } catch (MessageReader.Malformed e) {
            return Answer.FAILED;
        }
        return new Answer(rcode, records);
    }
}
