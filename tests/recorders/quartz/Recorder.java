// Repeat with: python -m tests.recorders.quartz.record EXPRESSIONS tests/data/cron/quartz.jsonl.gz

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.zone.ZoneRulesProvider;
import java.util.Base64;
import java.util.Date;
import java.util.StringJoiner;
import java.util.TimeZone;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.quartz.CronExpression;

/**
 * Asks org.quartz.CronExpression when expressions fire; record.py beside it starts it.
 *
 * <p>The first line out is the version of Java and of its time zones. Then one question a line,
 * "expression in Base64, zone, at, until or 0, count", and one answer a line: "!" and why it was
 * refused, "next" and Unix seconds, "throws" and what was thrown when it was asked, or "hangs".
 */
public final class Recorder {
    private static final int PATIENCE_S = 3;

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        out.println(
                System.getProperty("java.version")
                        + " "
                        + ZoneRulesProvider.getVersions("UTC").lastEntry().getKey());
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split(" ", -1);
            byte[] expression = Base64.getDecoder().decode(parts[0]);
            out.println(
                    answer(
                                    new String(expression, StandardCharsets.UTF_8),
                                    TimeZone.getTimeZone(parts[1]),
                                    Long.parseLong(parts[2]),
                                    Long.parseLong(parts[3]),
                                    Integer.parseInt(parts[4]))
                            .replace('\n', ' '));
        }
        out.flush();
        System.exit(0);
    }

    private static String answer(
            String expression, TimeZone zone, long at, long until, int count) throws Exception {
        CronExpression cron;
        try {
            cron = new CronExpression(expression);
        } catch (ParseException refused) {
            return "!" + refused.getMessage();
        }
        cron.setTimeZone(zone);
        FutureTask<String> task = new FutureTask<>(() -> fires(cron, at, until, count));
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(PATIENCE_S, TimeUnit.SECONDS);
        } catch (TimeoutException hangs) {
            return "hangs";
        } catch (ExecutionException failed) {
            return "throws " + failed.getCause();
        }
    }

    private static String fires(CronExpression cron, long at, long until, int count) {
        StringJoiner next = new StringJoiner(" ", "next ", "").setEmptyValue("next");
        Date from = new Date(at * 1000);
        for (int found = 0; found < count; found++) {
            from = cron.getNextValidTimeAfter(from);
            if (from == null || (until != 0 && from.getTime() > until * 1000)) {
                break;
            }
            next.add(String.valueOf(from.getTime() / 1000));
        }
        return next.toString();
    }

    private Recorder() {}
}
