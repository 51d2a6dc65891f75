package dev.telepath.it.kubernetes;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

/**
 * A program that asks for names, as {@code dig +short} does: arguments are a type and a full name, and so on. For each it prints a
 * line with the records, or {@code none} where the name has none of that type, or {@code unknown}.
 */
final class Ask {
    private static final String PATIENCE_MILLIS = "10000";

    private Ask() {}

    @SuppressWarnings("JdkObsolete") // JNDI takes no other table
    public static void main(String[] arguments) throws NamingException {
        var settings = new Hashtable<>(Map.of(
                Context.INITIAL_CONTEXT_FACTORY,
                "com.sun.jndi.dns.DnsContextFactory",
                "com.sun.jndi.dns.timeout.initial",
                PATIENCE_MILLIS));
        var names = new InitialDirContext(settings);
        for (int i = 0; i < arguments.length; i += 2) {
            System.out.println(answer(names, arguments[i], arguments[i + 1]));
        }
        names.close();
    }

    /** Of the DNS provider alone, whose records are texts and bytes: nothing is made an object of. */
    @SuppressWarnings("BanJNDI")
    private static String answer(InitialDirContext names, String type, String name) throws NamingException {
        try {
            Attribute records = names.getAttributes(name, new String[] {type}).get(type);
            List<String> told = new ArrayList<>();
            if (records != null) {
                for (Object one : Collections.list(records.getAll())) {
                    told.add(one.toString());
                }
            }
            return told.isEmpty() ? "none" : String.join(", ", told);
        } catch (NameNotFoundException e) {
            return "unknown";
        }
    }
}
