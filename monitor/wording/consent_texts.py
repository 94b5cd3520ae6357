# ruff: noqa: RUF001 - Cyrillic letters are meant
"""What a person is told before the first measurement, in three languages."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentText:
    """One language.

    Attributes
    ----------
    body : what is done, seen, stored and never stored; `{n}` sites, `{level}`.
    extended : added when the level of probing is `extended`.
    differential : added when blocks are configured; `{names}`, `{host}`.
    ways : added when ways are configured; `{names}`, `{minutes}`.
    seen_question : right answer: yes.
    sent_question : right answer: no.
    wrong : said after a wrong answer.
    agree_question : the consent itself.
    yes, no : the words that are taken as an answer, the first one is shown.
    unclear : said after any other answer.
    """

    body: str
    extended: str
    differential: str
    ways: str
    seen_question: str
    sent_question: str
    wrong: str
    agree_question: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    unclear: str


TEXTS: Final = {
    "en": ConsentText(
        body="""\
What this program does
  Day and night, every few minutes, it opens the {n} sites of the configuration as a
  browser would, and notes how long each step took.
What others can see
  Your provider, and anybody who watches your line, can see that this line contacts
  these sites regularly, when, and how much it receives. It can look like measuring.
  The sites see your address, as on any visit. Whether this is a risk for you depends on
  where and who you are; ask a lawyer whom you trust.
What is stored, on this computer only
  Times, durations, amounts and failures; addresses and certificates of the sites'
  servers; the answers of the name server; how much your network received in all.
What is never stored
  Your address, pages, cookies, passwords, and what you or others in your home visit.
Where it goes
  Nowhere, unless you tell it to. By itself the program only contacts the sites, your
  name server and your router. You can remove everything with `monitor wipe`.
Level of probing: {level}
""",
        extended="""\
  This level does more than a browser would, such as asking a name server of your own
  choice; that is easier to notice.
""",
        differential="""\
  It also compares names: it asks the server {host} under the names {names}, and these
  sites under the name of that server, some seconds each, all day and more often in the
  evening. No browser does that. Whoever watches the line can see an interest in these
  names, and may take it for an attempt to get around a block. In some countries a
  server that was asked for such a name stays slow for the whole home for a while.
""",
        ways="""\
  Every {minutes} minutes it also fetches a site by your own tunnel or proxy ({names}).
  Your provider, and anybody who watches your line, can see that this line uses it, day
  and night; where tunnels are watched or forbidden, that is a risk of its own. Whoever
  runs the tunnel sees which sites are asked for.
""",
        seen_question="Can your provider see that this line contacts these sites?",
        sent_question="Does the program send its results to anybody by itself?",
        wrong="That is not so. Please read once more:",
        agree_question="Do you want it to begin measuring?",
        yes=("yes", "y"),
        no=("no", "n"),
        unclear="Please answer yes or no.",
    ),
    "ru": ConsentText(
        body="""\
Что делает эта программа
  Днём и ночью, каждые несколько минут, она открывает сайты из настроек ({n}), как это
  делает браузер, и записывает, сколько времени занял каждый шаг.
Что видят другие
  Ваш провайдер и любой, кто наблюдает за вашей линией, может увидеть, что с неё
  регулярно обращаются к этим сайтам, когда и сколько данных получено. Это может быть
  похоже на измерение. Сайты видят ваш адрес, как при любом посещении. Опасно ли это
  для вас, зависит от того, где вы и кто вы; спросите юриста, которому доверяете.
Что хранится, и только на этом компьютере
  Время, длительность, объёмы и сбои; адреса и сертификаты серверов этих сайтов; ответы
  сервера имён; сколько данных всего получила ваша сеть.
Что не хранится никогда
  Ваш адрес, страницы, cookie, пароли и то, что посещаете вы или другие в вашем доме.
Куда это уходит
  Никуда, если вы сами этого не настроите. Сама программа обращается только к сайтам, к
  вашему серверу имён и к вашему роутеру. Всё можно удалить командой `monitor wipe`.
Уровень проверок: {level}
""",
        extended="""\
  На этом уровне делается больше, чем делает браузер, например, запросы к выбранному
  вами серверу имён; это легче заметить.
""",
        differential="""\
  Кроме того, сравниваются имена: сервер {host} спрашивают под именами {names}, а эти
  сайты под именем того сервера, по несколько секунд, весь день и чаще вечером. Браузер
  так не делает. Кто наблюдает за линией, увидит интерес к этим именам и может принять
  это за попытку обойти блокировку. В некоторых странах сервер, который спросили под
  таким именем, какое-то время остаётся медленным для всего дома.
""",
        ways="""\
  Кроме того, раз в {minutes} мин сайт запрашивается через ваш туннель или прокси
  ({names}). Провайдер и любой, кто наблюдает за линией, увидит, что с неё днём и ночью
  пользуются туннелем; там, где туннели отслеживают или запрещают, это отдельный риск.
  Кто держит туннель, видит, к каким сайтам обращаются.
""",
        seen_question="Видит ли провайдер, что с линии обращаются к этим сайтам?",
        sent_question="Отправляет ли программа сама кому-нибудь результаты?",
        wrong="Это не так. Пожалуйста, прочтите ещё раз:",
        agree_question="Начать измерения?",
        yes=("да", "д", "yes", "y"),
        no=("нет", "н", "no", "n"),
        unclear="Пожалуйста, ответьте: да или нет.",
    ),
    "kk": ConsentText(
        body="""\
Бұл бағдарлама не істейді
  Күні-түні, бірнеше минут сайын, ол баптаулардағы сайттарды ({n}) браузер сияқты ашып,
  әр қадамға қанша уақыт кеткенін жазып отырады.
Басқалар нені көреді
  Провайдеріңіз және желіңізді бақылайтын кез келген адам бұл сайттарға үнемі
  сұраныс жіберілетінін, қашан және қанша дерек алынғанын көре алады. Бұл өлшеуге ұқсауы
  мүмкін. Сайттар кез келген кірудегідей мекенжайыңызды көреді. Мұның сізге қауіпті
  не қауіпсіз екені қайда және кім екеніңізге байланысты; сенетін заңгерден сұраңыз.
Не сақталады, тек осы компьютерде
  Уақыт, ұзақтық, көлем және қателер; сайттар серверлерінің мекенжайлары мен
  сертификаттары; атаулар серверінің жауаптары; желіңіз барлығы қанша дерек алғаны.
Не ешқашан сақталмайды
  Мекенжайыңыз, беттер, cookie, құпиясөздер және сіз бен үйіңіздегілер кірген сайттар.
Дерек қайда кетеді
  Өзіңіз баптамасаңыз, ешқайда. Бағдарлама тек сайттарға, атаулар серверіне және
  роутеріңізге хабарласады. Бәрін `monitor wipe` командасымен жоюға болады.
Тексеру деңгейі: {level}
""",
        extended="""\
  Бұл деңгейде браузерден көбірек әрекет жасалады, мысалы, өзіңіз таңдаған атаулар
  серверінен сұрау; оны байқау оңайырақ.
""",
        differential="""\
  Сонымен қатар атаулар салыстырылады: {host} сервері {names} аттарымен, ал бұл сайттар
  сол сервердің атымен сұралады, бірнеше секундтан, күні бойы және кешке жиірек. Браузер
  олай істемейді. Желіні бақылаған адам бұл аттарға қызығушылықты көреді және мұны
  бұғаттауды айналып өту әрекеті деп қабылдауы мүмкін. Кейбір елдерде ондай атпен
  сұралған сервер бүкіл үй үшін біраз уақыт баяу болып қалады.
""",
        ways="""\
  Сонымен қатар {minutes} минут сайын сайт өз туннеліңіз немесе проксиіңіз ({names})
  арқылы сұралады. Провайдер және желіні бақылаған адам желіңіздің күні-түні туннель
  қолданатынын көреді; туннельдер бақыланатын немесе тыйым салынған жерде бұл бөлек
  қауіп. Туннельді ұстаушы қай сайттар сұралатынын көреді.
""",
        seen_question="Провайдер осы сайттарға хабарласатыныңызды көре ала ма?",
        sent_question="Бағдарлама нәтижелерді өздігінен біреуге жібере ме?",
        wrong="Олай емес. Тағы бір рет оқып шығыңыз:",
        agree_question="Өлшеуді бастау керек пе?",
        yes=("иә", "и", "yes", "y"),
        no=("жоқ", "ж", "no", "n"),
        unclear="Иә немесе жоқ деп жауап беріңіз.",
    ),
}
